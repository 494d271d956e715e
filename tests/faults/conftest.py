"""A pipeline for each module of this directory, for what is broken here must not reach other tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pipeline", Path(__file__).with_name("pipeline.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pipelines = _load()


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = pipelines.Pipeline(tmp_path_factory.mktemp("faults") / "home")
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def pipeline(_running: Any) -> Any:
    """The module's pipeline: whatever a test did to it, it is whole again, and what it says from here on is the test's."""
    _running.wait_ready("broker", "clickhouse", "catalogue", *pipelines.WORKERS)
    _running.mark()
    return _running
