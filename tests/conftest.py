"""What all tests share: a clean environment, and one embedded stack for those that need the real thing."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from earwitness.cli.query import run_query
from earwitness.embedded import control
from earwitness.embedded.jars import read_lock
from earwitness.runtime.kafka_admin import admin_client
from earwitness.runtime.settings import Settings

HERE = Path(__file__).parent
# `waiting` is shared by all tests, which are no package.
sys.path.insert(0, str(HERE))
LONG = tuple(
    HERE / name
    for name in (
        "faults/test_broker.py",
        "faults/test_clickhouse.py",
        "faults/test_client_kills.py",
        "faults/test_client_leaders.py",
        "faults/test_client_network.py",
        "faults/test_client_replays.py",
        "faults/test_client_spool.py",
        "faults/test_clocks.py",
        "faults/test_damaged_records.py",
        "faults/test_full_disk.py",
        "faults/test_home.py",
        "faults/test_large_events.py",
        "faults/test_replays.py",
        "faults/test_rotation.py",
        "faults/test_topics.py",
        "integration/test_client_durability.py",
        "integration/test_doctor.py",
        "integration/test_evolution.py",
        "integration/test_lifecycle.py",
        "integration/test_lifecycle_forks.py",
        "integration/test_lifecycle_matrix.py",
        "integration/test_registry.py",
        "leaks/test_leaks.py",
    )
)
"""Each starts stacks of its own, breaks and restarts them, for minutes. They run when asked for: `make test-long`, or by name."""

EXAMPLES = {"quick": 50, "long": 200, "deep": 2_000}
"""On how many examples a law is tried: beside all other tests, with --long, and at night (`HYPOTHESIS_PROFILE=deep`)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also the modules that break and restart stacks of their own")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = any(Path(each.partition("::")[0]).resolve() == collection_path for each in config.args)
    return True if collection_path in LONG and not (named or config.getoption("--long")) else None


def pytest_report_header(config: pytest.Config) -> str | None:
    return None if config.getoption("--long") else f"without {len(LONG)} long modules: make test-long runs them too"


def pytest_configure(config: pytest.Config) -> None:
    for profile, examples in EXAMPLES.items():
        settings.register_profile(
            profile,
            max_examples=examples,
            deadline=None,  # other work on the machine must not fail a law
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            print_blob=True,
        )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "long" if config.getoption("--long") else "quick"))
    # The developer's own settings must neither reach a test nor a process that it starts.
    for name in [name for name in os.environ if name.startswith("EARWITNESS_")]:
        del os.environ[name]
    # Nor must what a test leaves in a client's spool reach the developer, or another test run.
    os.environ["XDG_STATE_HOME"] = _STATE.name


def pytest_unconfigure() -> None:
    _STATE.cleanup()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Continuous integration looks for this line: a run without the real parts must not pass for a run with them.
    if _TOOK_PART:
        terminalreporter.write_line(f"took part: {', '.join(_TOOK_PART)}")


_TOOK_PART: list[str] = []
_STATE = tempfile.TemporaryDirectory(prefix="earwitness-state-", ignore_cleanup_errors=True)


@dataclass(frozen=True)
class Stack:
    """A running embedded stack: broker with topics, schema catalogue, ClickHouse with tables; no workers."""

    home: Path

    def environment(self, role: str) -> dict[str, str]:
        """EARWITNESS_… variables of a role: admin, producer, privacy, sink, analyst."""
        return control.environment(self.home, role) | {"EARWITNESS_SPOOL_DIR": str(self.home / "spool")}

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
        stack = Stack(home)
        _TOOK_PART[:] = [_kafka_version(stack), _clickhouse_version(stack)]
        yield stack
    finally:
        control.down(home, lines.append)


def _kafka_version(stack: Stack) -> str:
    """What the broker's classes come from; that it answers is asked of it."""
    broker = admin_client(stack.settings("admin").need_kafka())
    assert broker.list_topics(timeout=10).topics
    version = next(jar.coordinate.split(":")[2] for jar in read_lock() if ":kafka_2.13:" in jar.coordinate)
    return f"Apache Kafka {version}"


def _clickhouse_version(stack: Stack) -> str:
    _, rows = run_query(stack.settings("admin").need_clickhouse(), "SELECT version()")
    return f"ClickHouse {rows[0][0]}"
