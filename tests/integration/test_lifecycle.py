"""However a program ends that Python can notice: what the client took is in Kafka, once, when the program is gone.

The quick cells of the matrix: `test_lifecycle_matrix.py` has the others.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from lifecycle import Server, Stream, Trial
from lifecycle_servers import ALL, INT, QUIT, TERM, assert_silent, lifespan_of, name_of, stop

from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def stream(stack) -> Stream:
    return Stream(stack.settings("admin").need_kafka())


@pytest.fixture
def trial(stack, stream: Stream, tmp_path: Path) -> Trial:
    return Trial(tmp_path, stack.environment("producer"), stream)


@pytest.mark.parametrize(
    ("name", "number"),
    [("uvicorn-workers", TERM), ("gunicorn-sync-preload", TERM), ("flask", TERM)],
    ids=name_of,
)
def test_a_server_that_is_told_to_stop_delivers_all_it_took(trial: Trial, name: str, number: signal.Signals):
    with Server.started(trial, ALL[name][0], **lifespan_of(name)) as server:
        server.load()
        trial.wait_noted(60)
        stop(trial, server, number)
    books = trial.books()
    assert len(books.taken) >= 60
    assert_silent(trial)
    books.assert_complete()


@pytest.mark.parametrize(
    ("mode", "code", "events"),
    [
        ("raises", 1, 200),
        ("thread", 0, 201),
        ("flushed", 0, 200),
    ],
)
def test_a_script_delivers_all_it_took(trial: Trial, mode: str, code: int, events: int):
    assert trial.run(trial.app("script_app.py", mode)) == code, trial.log
    books = trial.books()
    assert len(books.taken) == events
    assert books.taken.keys() == books.delivered
    if mode != "flushed":
        books.assert_complete()


def test_what_exit_hooks_emit_is_delivered_or_refused(trial: Trial):
    """Hooks run in reverse: one that was made before the client runs after it."""
    assert trial.run(trial.app("script_app.py", "exit-hooks")) == 0, trial.log
    books = trial.books()
    assert (len(books.taken), len(books.refused)) == (203, 3)
    books.assert_complete()


@pytest.mark.parametrize(("number", "code"), [(TERM, -TERM), (INT, -INT)], ids=name_of)
def test_a_script_that_is_ended_by_a_signal_delivers_first(trial: Trial, number: signal.Signals, code: int):
    with trial.process(trial.app("script_app.py", "busy")) as process:
        trial.wait_noted(500)
        process.send_signal(number)
        process.send_signal(number) if number is TERM else None
        assert process.wait(20) == code, trial.log
    trial.books().assert_complete(unnoted=1)


def test_the_app_s_own_handler_stays(trial: Trial):
    for mode, code in (("own-handler", 7), ("chained", -TERM)):
        with trial.process(trial.app("script_app.py", mode)) as process:
            trial.wait_noted(len(trial.noted()) + 1)
            process.terminate()
            assert process.wait(20) == code, trial.log
    with trial.process(trial.app("script_app.py", "ignores")) as process:
        before = len(trial.noted())
        trial.wait_noted(before + 201)
        process.terminate()
        process.send_signal(QUIT)
        assert process.wait(20) == -QUIT, "it does not die of SIGTERM"


def test_a_client_that_has_done_nothing_does_not_hold_up_the_end(trial: Trial):
    with trial.process(trial.app("script_app.py", "idle")) as process:
        wait_for((trial.notes / "ready").exists, 20)
        process.terminate()
        assert process.wait(2) == -TERM
    assert not trial.spool.parent.exists(), "a client without events touches no disk"


def test_events_from_a_signal_handler_are_counted_like_others(trial: Trial):
    with trial.process(trial.app("script_app.py", "handler-emits")) as process:
        trial.wait_noted(100)
        for _ in range(300):
            os.kill(process.pid, signal.SIGUSR1)
        process.terminate()
        assert process.wait(20) == -TERM
    trial.books().assert_complete(unnoted=3)  # handlers interrupt each other


@pytest.mark.parametrize("mode", ["pending", "workhorses"])
def test_forks_deliver_each_its_own(trial: Trial, mode: str):
    assert trial.run(trial.app("fork_app.py", mode)) == 0, trial.log
    books = trial.books()
    assert books.taken.keys() == books.delivered
    assert not books.refused


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_processes_of_multiprocessing_deliver_each_its_own(trial: Trial, how: str):
    assert trial.run(trial.app("fork_app.py", "processes", how)) == 0, trial.log
    books = trial.books()
    assert len(books.taken) == 80
    books.assert_complete()
