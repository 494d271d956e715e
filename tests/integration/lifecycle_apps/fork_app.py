"""Forks: by hand, by a thread, by a signal handler, by multiprocessing; children that emit and end in their own way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from emitting import audit, emit


def tell(line: str) -> None:
    os.write(2, f"{line}\n".encode())


def child(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except SystemExit:  # a child of this child, on its way out
        raise
    except BaseException as error:  # noqa: BLE001 (the parent has to know)
        tell(f"a child failed: {error!r}")
        os._exit(9)
    if threading.current_thread().name == "forker":
        # The interpreter ends with the thread that it began with, which is not in this child.
        os._exit(audit.close())
    sys.exit(0)


def wait_for(*pids: int, seconds: float = 30.0) -> None:
    """Children that end in time and well; one that hangs is ended and told of."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                tell(f"child {pid} hangs")
                os.kill(pid, signal.SIGABRT)  # faulthandler tells where
                os.waitpid(pid, 0)
                os._exit(8)
            time.sleep(0.005)
        if status:
            tell(f"child {pid} ended with {status}")
            os._exit(7)


def pending() -> None:
    """Events of the parent are under way at the fork."""
    emit(300)
    pids = [child(lambda: emit(100)) for _ in range(4)]
    emit(50)
    wait_for(*pids)


def grandchildren() -> None:
    emit(10)
    wait_for(child(lambda: (emit(10), wait_for(child(lambda: emit(10))))))


def unused() -> None:
    """The client was made and has not been used before the fork."""
    wait_for(*[child(lambda: emit(20)) for _ in range(3)])
    emit(20)


def from_thread() -> None:
    """One thread forks while others emit."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            emit(1)
            time.sleep(0.001)

    def fork() -> None:
        wait_for(*[child(lambda: emit(10)) for _ in range(5)])

    workers = [threading.Thread(target=work) for _ in range(3)]
    forker = threading.Thread(target=fork, name="forker")
    for each in (*workers, forker):
        each.start()
    forker.join()
    over.set()
    for each in workers:
        each.join()


def many() -> None:
    """So many children, one event each, while the parent emits as fast as it can: its worker holds every lock it ever has."""
    count, at_once = int(sys.argv[2]), int(sys.argv[3])
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            emit(5)
            time.sleep(0.002)

    worker = threading.Thread(target=work)
    worker.start()
    running: list[int] = []
    for _ in range(count):
        running.append(child(lambda: emit(1)))
        if len(running) >= at_once:
            wait_for(running.pop(0))
    wait_for(*running)
    over.set()
    worker.join()


def in_flush() -> None:
    """A signal handler forks in the middle of a flush that has to wait, and parent and child go on from there."""
    pids: list[int] = []

    def fork(*_: object) -> None:
        pids.append(os.fork())

    signal.signal(signal.SIGALRM, fork)
    emit(20)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    began = time.monotonic()
    audit.flush(3)
    took = time.monotonic() - began
    if pids == [0]:
        emit(5)
        sys.exit(0 if took < 2 else 6)  # nobody works for it any more, so it must not wait
    wait_for(*pids)


def outlives() -> None:
    """The parent is killed, and its child lives on: what the parent has spooled must not wait for that one's end."""
    emit(20)
    audit.flush(0.2)
    pid = os.fork()
    if not pid:
        emit(3)
        while True:
            signal.pause()
    while True:
        signal.pause()


def _emit(count: int) -> int:
    return emit(count)


def processes() -> None:
    """Children of multiprocessing by each way to start them: they never run `atexit`."""
    context = multiprocessing.get_context(sys.argv[2])
    emit(10)
    made = [context.Process(target=_emit, args=(20,)) for _ in range(3)]
    for each in made:
        each.start()
    for each in made:
        each.join(30)
        if each.exitcode:
            os._exit(7)
    emit(10)


def pool() -> None:
    """A pool ends its processes by SIGTERM."""
    emit(10)
    with multiprocessing.get_context("fork").Pool(3) as made:
        made.map(_emit, [10] * 12)


def executor() -> None:
    emit(10)
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("fork")) as made:
        list(made.map(_emit, [10] * 12))


def workhorses() -> None:
    """As RQ does it: a fork for each job, which ends by `os._exit`."""

    def job() -> None:
        emit(10)
        os._exit(audit.flush(10))

    for _ in range(5):
        wait_for(child(job))


MODES = {
    each.__name__.replace("_", "-"): each
    for each in (
        pending, grandchildren, unused, from_thread, many, in_flush, outlives, processes, pool, executor, workhorses,
    )
}  # fmt: skip
if __name__ == "__main__":
    import faulthandler

    faulthandler.enable()
    MODES[sys.argv[1]]()
