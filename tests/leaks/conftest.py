"""The leak test shares the people of `tests/pii`, and the pipeline of `tests/faults`; the tests are no package."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "faults")]
