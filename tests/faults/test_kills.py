"""The proof in short: one round for each victim, a tenth of the load. `kill_rounds.py` runs it in full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kill_rounds
import pytest

from earwitness.embedded import control

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stack of its own: what other tests leave in the shared one's topics would stop these workers."""
    home: Path = tmp_path_factory.mktemp("faults") / "home"
    lines: list[str] = []
    try:
        control.up(home, workers=(), progress=lines.append, foreground_child=True)
        yield home
    finally:
        control.down(home, lines.append)


@pytest.mark.parametrize("victim", ["privacy", "sink", "both"])
def test_every_event_is_stored_exactly_once(home: Path, victim: str) -> None:
    proof = kill_rounds.Proof(home, seed=hash(victim))
    try:
        found = proof.run(victim, 1, 5_000, load_seconds=2.0)
        assert found.exact, found
        assert kill_rounds.balance_of(home) == {"unexplained": 0, "in_flight": 0}
    finally:
        proof.close()
