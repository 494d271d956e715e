"""How many examples a law is tried on, and how the laws' own modules are found.

`HYPOTHESIS_PROFILE=deep` tries 20 times as many: for the night, not for every commit.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# The laws share modules (`avro_model`, …) that are no tests; the tests are no package, so their folder is named here.
sys.path.insert(0, str(Path(__file__).parent))

_ALL = {
    "deadline": None,  # other work on the machine must not fail a law
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
    "print_blob": True,
}
settings.register_profile("quick", max_examples=100, **_ALL)
settings.register_profile("deep", max_examples=2_000, **_ALL)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
