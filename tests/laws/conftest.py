"""How the laws' own modules are found. On how many examples a law is tried stands in `tests/conftest.py`."""

from __future__ import annotations

import sys
from pathlib import Path

# The laws share modules (`avro_model`, …) that are no tests; the tests are no package, so their folder is named here.
sys.path.insert(0, str(Path(__file__).parent))
