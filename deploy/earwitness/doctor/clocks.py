"""Clocks: how far the broker's and ClickHouse's are from this machine's, as far as that can be measured.

A time that was told lies between the question and the answer. So the difference is known to lie within as many seconds
as the answer took, and a clock is called wrong only when all of that span is beyond what may be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from earwitness.clickhouse.server import Server
from earwitness.doctor.findings import Finding, ok, problem, unknown

__all__ = ["SKEW_SECONDS", "clickhouse_times", "compare"]

SKEW_SECONDS = 1.0
"""Machines that ask a time server are milliseconds apart; freshness and retention are told in seconds and days."""

Answer = tuple[float, float, float]


def clickhouse_times(server: Server, clock: Callable[[], float], times: int = 5) -> list[Answer]:
    """Ask ClickHouse what time it is.

    Raises:
        ServerError: it refuses.
        NoAnswerError: it does not answer.
    """
    answers = []
    for _ in range(times):
        before = clock()
        told = server.rows("SELECT toUnixTimestamp64Micro(now64(6)) / 1e6")[0][0]
        answers.append((before, told, clock()))
    return answers


def compare(whose: str, answers: Sequence[Answer]) -> Finding:
    """How far that clock is before (+) or behind (-) this machine's.

    Args:
        whose: "the broker's clock".
        answers: times told, each between two of this machine's; all of them bound the same difference.
    """
    if not answers:
        return unknown("clocks", whose, "it was not told", "run this again")
    # Kafka tells whole milliseconds: the true time may be up to one later.
    least = max(told - after for _, told, after in answers)
    most = min(told - before for before, told, _ in answers) + 0.001
    middle, half = (least + most) / 2, max(0.001, (most - least) / 2)
    measured = f"{middle:+.3f} s from this machine's, measured to ±{half:.3f} s"
    if least > SKEW_SECONDS or most < -SKEW_SECONDS:
        do = "let both machines ask a time server (chrony, systemd-timesyncd): received_at, retention and freshness depend on it"
        return problem("clocks", whose, f"is {measured}", do)
    return ok("clocks", whose, f"{measured}")
