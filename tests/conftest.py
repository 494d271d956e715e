"""What all tests share: a clean environment, and one embedded stack for those that need the real thing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from earwitness.embedded import control
from earwitness.runtime.settings import Settings


def pytest_configure() -> None:
    # The developer's own settings must neither reach a test nor a process that it starts.
    for name in [name for name in os.environ if name.startswith("EARWITNESS_")]:
        del os.environ[name]


@dataclass(frozen=True)
class Stack:
    """A running embedded stack: broker with topics, schema catalogue, ClickHouse with tables; no workers."""

    home: Path

    def environment(self, role: str) -> dict[str, str]:
        """EARWITNESS_… variables of a role: admin, producer, privacy, sink, analyst."""
        return control.environment(self.home, role)

    def settings(self, role: str) -> Settings:
        """The same, as settings."""
        return Settings.load(self.environment(role))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for the whole session. It ends with the test process, however that one ends.

    All tests share its topics and tables, so a test looks only for what it has put there itself.
    """
    home = tmp_path_factory.mktemp("stack") / "home"
    lines: list[str] = []
    try:
        control.up(home, workers=(), progress=lines.append, foreground_child=True)
        yield Stack(home)
    finally:
        control.down(home, lines.append)
