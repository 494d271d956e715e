"""Events as they wait in a spool, for tests that do not care what is in them; and processes that hold a spool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from earwitness.client import envelope, snapshot
from earwitness.client.identity import Origin
from earwitness.client.snapshot import Snapshot
from earwitness.client.spool import Frame, SpoolSettings
from earwitness.schemas import codec
from earwitness.schemas.events import CallEnded, Event

__all__ = ["Nursery", "ended", "event_frame", "frames", "python", "sequences", "settings"]


def settings(directory: Path, **options: object) -> SpoolSettings:
    """Settings of a spool below a directory of the test's own."""
    return SpoolSettings(directory=directory / "spool", **options)  # type: ignore[arg-type]


def frames(
    count: int, *, first: int = 1, producer_id: str = "ivr-1", size: int = 300, age_days: float = 0
) -> list[Frame]:
    """Frames with bytes that are no event's."""
    captured_ms = int((time.time() - age_days * 86_400) * 1000)
    return [
        Frame(
            producer_id,
            number,
            "call.ended",
            "audit.raw.call",
            f"CA{number:032x}",
            7,
            bytes((number % 251,)) * size,
            captured_ms,
        )
        for number in range(first, first + count)
    ]


def ended(seconds: int = 7) -> Event:
    """An event."""
    return CallEnded(
        duration_seconds=seconds, disconnect_reason="completed", final_stage="goodbye", call_status="completed"
    )  # type: ignore[arg-type]


def taken(event: Event, captured_ns: int | None = None) -> bytes:
    """An event as the caller's thread takes it."""
    return snapshot.encode((captured_ns or time.time_ns(), ("CA" + "0" * 32, "+14155550100"), None, event))


def event_frame(origin: Origin, sequence: int, event: Event | None = None) -> Frame:
    """A frame that holds a real event."""
    event = event or ended()
    captured = Snapshot(time.time_ns(), ("CA" + "0" * 32, "+14155550100"), None, event)
    kind = snapshot.kind_of(event)
    record = envelope.record(captured, origin, sequence)
    made = envelope.message(kind, record)
    schema = envelope.route(kind).schema
    assert codec.decode(made.value)[0] is schema
    return Frame(
        origin.producer_id,
        sequence,
        kind,
        made.topic,
        made.key,
        schema.id,
        made.value[5:],
        captured.captured_ns // 10**6,
    )


def sequences(found: Sequence[tuple[int, Frame]]) -> list[int]:
    """The numbers of events that were read."""
    return [frame.sequence for _, frame in found]


def python(code: str, *arguments: object, under: Sequence[str] = (), **options: object) -> subprocess.Popen[str]:
    """Start a Python process with these tests' modules; it can be talked to by lines."""
    here = str(Path(__file__).parent)
    text = f"import sys; sys.path.insert(0, {here!r})\n{textwrap.dedent(code)}"
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [*under, sys.executable, "-c", text, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


class Nursery:
    """A process that forks others, for tests that kill many: each would take half a second to start by itself.

    Args:
        setup: runs once, in the process that forks.
        body: runs in each child, with the words that it was given as `argv`; its output goes to `out`.
    """

    def __init__(self, setup: str, body: str, arguments: Sequence[object] = (), **options: object) -> None:
        code = textwrap.dedent(setup) + textwrap.dedent("""
            import os
            for line in sys.stdin:
                argv = line.split()
                child = os.fork()
                if not child:
                    {body}
                    os._exit(0)
                print("child", child, flush=True)
                os.waitpid(child, 0)
                print("dead", flush=True)
            """).replace("{body}", textwrap.indent(textwrap.dedent(body), " " * 8).strip())
        self.process = python(code, *arguments, **options)

    def kill_one(self, *arguments: object, ready: str, after_seconds: float) -> list[str]:
        """Start a child, kill it so long after it has written a line with `ready`; what it wrote, in whole lines."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(map(str, arguments)) + "\n")
        self.process.stdin.flush()
        lines: list[str] = []
        child = 0
        while not child or not any(ready in line for line in lines):
            lines.append(self.process.stdout.readline())
            assert lines[-1], "the process that forks is gone"
            if lines[-1].startswith("child "):
                child = int(lines.pop().split()[1])
        time.sleep(after_seconds)  # the moment of the kill, not a wait
        os.kill(child, signal.SIGKILL)
        while not lines[-1].endswith("dead\n"):
            lines.append(self.process.stdout.readline())
        return [line for line in lines[:-1] if line.endswith("\n")]

    def close(self) -> None:
        """End it."""
        self.process.communicate(timeout=30)
