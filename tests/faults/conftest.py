"""A pipeline for each module of this directory, for what is broken here must not reach other tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# The tests share modules that are no tests; the tests are no package, so their folder is named here.
sys.path.insert(0, str(Path(__file__).parent))
from brokers import Brokers
from pipeline import WORKERS, Pipeline
from proxy import Proxy


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = Pipeline(tmp_path_factory.mktemp("faults") / "home")
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def pipeline(_running: Any) -> Any:
    """The module's pipeline: whatever a test did to it, it is whole again, and what it says from here on is the test's."""
    _running.wait_ready("broker", "clickhouse", "catalogue", *WORKERS)
    _running.mark()
    return _running


@pytest.fixture(scope="module")
def brokers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """Brokers for a module, of no stack: one, or as many as its `BROKERS` says."""
    made = Brokers(tmp_path_factory.mktemp("brokers"), getattr(request.module, "BROKERS", 1))
    try:
        made.up()
        yield made
    finally:
        made.close()


@pytest.fixture
def network(brokers: Brokers) -> Iterator[Proxy]:
    """A network in front of it that can be broken."""
    with Proxy(brokers.address) as proxy:
        yield proxy
