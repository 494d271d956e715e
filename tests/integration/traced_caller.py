"""An app's thread that emits events under supervision, and what it was caught at. Run as a script by `test_client_caller`.

    traced_caller.py calls|system|locks DURABILITY EVENTS [SIN]

calls: every Python function, C function and audit event of the thread is written down (`sys.setprofile`, `sys.addaudithook`).
system: the kernel ends the process at any system call of the thread but those that Python itself needs (a seccomp filter of
    that thread alone; Linux on x86-64).
locks: while the thread emits, another one holds every lock that can be reached from the client. A lock that nobody else
    wants costs no system call, so the filter would not see it.

The client is set up by the environment. SIN is what no caller may do, to see that it is caught. Prints one line of JSON.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

from earwitness.client import AuditClient, Limits
from earwitness.runtime.settings import Settings

PART = 2_500  # events in a row; then the worker gets on with them. The journal holds 16,000.
STUCK_SECONDS = 60.0

SINS: dict[str, Callable[[AuditClient], object]] = {
    "none": lambda _: None,
    "lock": lambda audit: audit.stats(),
    "file": lambda _: Path("/").stat(),
    "socket": lambda _: socket.socket().close(),
    "wake": lambda audit: audit._outbox._worker._wake.set(),
}

ALLOWED_CALLS = {  # numbers of x86-64
    "futex": 202,  # the GIL
    "clock_gettime": 228,
    "mmap": 9,  # memory
    "munmap": 11,
    "mprotect": 10,
    "mremap": 25,
    "brk": 12,
    "madvise": 28,
    "rt_sigprocmask": 14,  # the thread's end
    "exit": 60,
    "rt_sigaction": 13,  # the process's end, by the signal of the filter
    "getpid": 39,
    "gettid": 186,
    "tgkill": 234,
}
WRITE, STDERR = 1, 2  # for the traceback of whoever is caught


def tell(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def hot_path(audit: AuditClient, first: int, sin: Callable[[AuditClient], object]) -> int:
    """What an app does: events of both lanes, within a call and outside, small ones and one that is large."""
    taken = 0
    note = "x" * 3_000  # three blocks of a journal
    for number in range(first, first + PART, 5):
        with audit.call(call_sid=f"CA{number:032x}", caller="+14155550100"):
            taken += audit.data_job_lookup(client_id="ACME12", job_number="48213", found=True, latency_ms=1.5)
            taken += audit.call_action_attempted(
                action="add_note", outcome="success", client_id="ACME12", job_number="48213", value=note
            )
            taken += audit.system_api_latency(dependency="redis", operation="get", latency_ms=0.3, outcome="ok")
        taken += audit.call_started(from_number="+14155550100", direction="inbound", language="en")
        taken += audit.call_ended(
            duration_seconds=7, disconnect_reason="completed", final_stage="goodbye", call_status="completed"
        )
        if number == first + 5:
            sin(audit)
    return taken


class Calls:
    """What a thread calls, from Python and from C, and what it is audited for."""

    def __init__(self) -> None:
        self.python: set[str] = set()
        self.c: set[str] = set()
        self.audited: set[str] = set()
        self._thread = 0
        sys.addaudithook(self._audit)

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread = threading.get_ident()
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._thread = 0

    def _audit(self, event: str, _: tuple[object, ...]) -> None:
        if threading.get_ident() == self._thread and event != "sys.setprofile":
            self.audited.add(event)

    def _profile(self, frame: FrameType, event: str, what: Any) -> None:
        self._thread, thread = 0, self._thread  # what is asked here is not the caller's doing
        if event == "call":
            self.python.add(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")
        elif event == "c_call" and what is not sys.setprofile:
            owner = getattr(what, "__self__", None)
            home = what.__module__ or type(owner).__module__
            self.c.add(f"{home}.{what.__qualname__}")
        self._thread = thread


def confine() -> None:
    """From here on this thread makes no system call but the allowed ones, for good; any other ends the process."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    load, equal, end = 0x20, 0x15, 0x06
    allow, trap = 0x7FFF0000, 0x00030000
    number_at, machine_at, first_argument_at, x86_64 = 0, 4, 16, 0xC000003E
    steps = [(load, 0, 0, machine_at), (equal, 1, 0, x86_64), (end, 0, 0, trap), (load, 0, 0, number_at)]
    for number in ALLOWED_CALLS.values():
        steps += [(equal, 0, 1, number), (end, 0, 0, allow)]
    steps += [(equal, 0, 3, WRITE), (load, 0, 0, first_argument_at), (equal, 0, 1, STDERR), (end, 0, 0, allow)]
    steps += [(end, 0, 0, trap)]
    packed = b"".join(
        code.to_bytes(2, "little") + bytes((yes, no)) + value.to_bytes(4, "little") for code, yes, no, value in steps
    )
    buffer = ctypes.create_string_buffer(packed)
    program = Program(len(steps), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, filtered = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, filtered, ctypes.byref(program), 0, 0):
        tell({"skip": f"the kernel takes no filter: {os.strerror(ctypes.get_errno())}"})
        os._exit(0)


def locks_of(audit: AuditClient) -> dict[int, Any]:
    """Every lock that can be reached from the client's objects and modules, those of Python's own modules left out."""
    kinds = (type(threading.Lock()), type(threading.RLock()))
    seen: set[int] = set()
    found: dict[int, Any] = {}
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "earwitness"]
    left: list[Any] = [audit, *(vars(module) for module in modules)]
    foreign = {id(vars(module)) for module in list(sys.modules.values()) if module not in modules}
    while left:
        one = left.pop()
        if id(one) in seen or id(one) in foreign or isinstance(one, ModuleType | FrameType | threading.Thread):
            continue
        seen.add(id(one))
        if isinstance(one, kinds):
            found[id(one)] = one
            continue
        if isinstance(one, FunctionType | type) and not str(one.__module__).startswith("earwitness"):
            continue
        left += gc.get_referents(one)
    return found


@contextmanager
def all_locks_held(audit: AuditClient, locks: dict[int, Any], counts: list[int]) -> Iterator[None]:
    """Another thread holds them, or whoever had them already; that of the books is among them."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        books = audit._outbox._books.lock
        assert id(books) in locks
        books.acquire()
        mine = [books, *(one for one in locks.values() if one is not books and one.acquire(timeout=0.05))]
        counts.append(len(mine))
        held.set()
        over.wait()
        for one in mine:
            one.release()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        over.set()
        holder.join()


def run(method: str, audit: AuditClient, events: int, sin: Callable[[AuditClient], object]) -> dict[str, Any]:
    taken: list[int] = []
    held: list[int] = []
    calls = Calls()
    locks = locks_of(audit) if method == "locks" else {}

    def emit(first: int) -> None:
        if method == "calls":
            with calls.watching():
                count = hot_path(audit, first, sin)
        else:
            if method == "system":
                confine()
            count = hot_path(audit, first, sin)
        taken.append(count)

    for first in range(0, events, PART):
        caller = threading.Thread(target=emit, args=(first,), daemon=True)
        if method == "locks":
            with all_locks_held(audit, locks, held):
                caller.start()
                caller.join(STUCK_SECONDS if sin is SINS["none"] else 3.0)
                if caller.is_alive():
                    faulthandler.dump_traceback(all_threads=True)
                    tell({"blocked": True})
                    os._exit(0)
        else:
            caller.start()
            caller.join()
        wait(audit)
    return {
        "taken": sum(taken),
        "python": sorted(calls.python),
        "c": sorted(calls.c),
        "audited": sorted(calls.audited),
        "locks": held,
    }


def wait(audit: AuditClient) -> None:
    """Until the worker has room for the next part: all is delivered, or at least out of the journal."""
    ring = audit._outbox.capture.ring
    deadline = time.monotonic() + STUCK_SECONDS
    while len(audit._outbox.capture) or (ring is not None and ring.room_bytes < 7_000_000):
        assert time.monotonic() < deadline, audit.stats()
        audit.flush(0.2)


def main() -> None:
    method, durability, events, *more = sys.argv[1:]
    if hasattr(signal, "SIGSYS"):
        faulthandler.register(signal.SIGSYS, all_threads=False, chain=True)
    settings = Settings.load()
    audit = AuditClient(settings, durability=durability, limits=Limits(100_000, 1 << 27), report_seconds=1.0)
    # The first event starts the thread and makes the journal; it is not what the hot path is about.
    assert audit.call_started(from_number="+14155550100", direction="inbound", language="en")
    found = run(method, audit, int(events), SINS[more[0] if more else "none"])
    found["left"] = audit.flush(STUCK_SECONDS)
    stats = audit.stats()
    found |= {"accepted": stats.accepted, "refused": dict(stats.refused), "acknowledged": stats.acknowledged}
    tell(found)
    audit.close(5.0)


if __name__ == "__main__":
    main()
