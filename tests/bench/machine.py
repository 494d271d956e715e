"""What a figure depends on: the machine's kind and the versions. No names, no paths."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from earwitness.embedded.jars import KAFKA_VERSION

_PACKAGES = ("chdb-core", "confluent-kafka", "faust-streaming", "aiokafka", "fastavro", "msgspec", "clickhouse-connect")
_OF_PEERS = ("quixstreams", "structlog", "orjson", "opentelemetry-sdk")
_PEERS = Path(__file__).resolve().parents[2] / "requirements" / "peers.txt"


def facts() -> dict[str, Any]:
    """For the JSON of a result. ClickHouse's version is that of chdb-core."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        **{name: metadata.version(name) for name in _PACKAGES},
        **{name: _pinned(name) for name in _OF_PEERS},
    }


def load() -> float:
    """How many processes wanted a core in the last minute: of a quiet machine's figures it is about 0 before."""
    return round(psutil.getloadavg()[0], 2)


def _cpu() -> str:
    try:
        found = re.search(r"(?m)^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def _pinned(package: str) -> str | None:
    found = re.search(rf"(?m)^{package}==(\S+)", _PEERS.read_text("utf-8"))
    return found[1] if found else None
