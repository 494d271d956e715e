"""CPU time and memory of a run's processes, and of everything else that ran on the machine meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping

import psutil

_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")
_IDLE_SHARE = 0.10
_LOOK_SECONDS = 0.3


class Meter:
    """Measures from its making on.

    Args:
        processes: by name; those that were started for the run count from their start, as they begin at 0.
    """

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._machine = _busy()
        self._own = _cpu(psutil.Process())
        self._processes: dict[str, psutil.Process] = {}
        self._before: dict[str, float] = {}
        self._peaks: dict[str, int] = {}
        for name, pid in processes.items():
            self.add(name, pid, started_now=False)

    def add(self, name: str, pid: int, *, started_now: bool = True) -> None:
        """Measure one more process."""
        process = self._processes[name] = psutil.Process(pid)
        self._before[name] = 0.0 if started_now else _cpu(process)
        self._peaks[name] = process.memory_info().rss

    def look(self) -> None:
        """Note the memory that is used now; the peak is the highest that was seen."""
        for name, process in self._processes.items():
            self._peaks[name] = max(self._peaks[name], process.memory_info().rss)

    def cpu_seconds(self) -> dict[str, float]:
        """By process; `benchmark` is the process that measures, `others` what ran besides."""
        used = {name: _cpu(process) - self._before[name] for name, process in self._processes.items()}
        used["benchmark"] = _cpu(psutil.Process()) - self._own
        used["others"] = max(0.0, _busy() - self._machine - sum(used.values()))
        return {name: round(seconds, 2) for name, seconds in used.items()}

    def peak_rss_mb(self) -> dict[str, int]:
        """By process."""
        self.look()
        return {name: peak >> 20 for name, peak in self._peaks.items()}


def await_idle(pids: Mapping[str, int], seconds: float = 30.0) -> None:
    """Wait until the servers have done what an earlier run left to them (merges, flushes), for at most `seconds`."""
    processes = [psutil.Process(pid) for pid in pids.values()]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = [_cpu(process) for process in processes]
        time.sleep(_LOOK_SECONDS)
        after = [_cpu(process) for process in processes]
        if max(b - a for a, b in zip(before, after, strict=True)) < _IDLE_SHARE * _LOOK_SECONDS:
            return


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in _BUSY))
