"""An app killed at random moments, in short: ten rounds of each mode. `client_kills.py --rounds 200` runs it in full."""

from __future__ import annotations

from pathlib import Path

import client_kills
import pytest
from apps import note

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


@pytest.mark.parametrize("mode", ["buffered", "spool_first", "journal"])
def test_what_is_lost_is_what_the_mode_says(tmp_path: Path, request: pytest.FixtureRequest, mode: str) -> None:
    kills = client_kills.Kills(tmp_path, mode, seed=sum(map(ord, mode)))
    try:
        found = kills.run(10)
    finally:
        kills.close()
    assert found.wrong == []
    assert found.accepted > 1_000
    note(request, found=found)
