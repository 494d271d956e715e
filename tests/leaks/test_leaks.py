"""Nothing of a caller is left anywhere behind the raw topics: calls of canaries through a whole pipeline, all of it searched.

`python tests/leaks/leak.py` does the same with ten thousand calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pipeline import Pipeline

from leaks.proof import Proof, Report

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

CALLS = 120


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    """A run that is done, its pipeline still there."""
    work = tmp_path_factory.mktemp("client")
    pipeline: Any = Pipeline(tmp_path_factory.mktemp("leaks") / "home")
    pipeline.up()
    try:
        pipeline.mark()
        made = Proof(pipeline, work, CALLS, 7, print)
        made.run()
        yield made
    finally:
        pipeline.down()


@pytest.fixture
def report(proof: Proof) -> Report:
    return proof.report


def test_everything_was_there_and_came_through(report: Report) -> None:
    assert report.in_raw == report.values > 10 * CALLS
    assert report.events > 20 * CALLS
    assert report.masked >= report.stored >= report.events
    assert report.letters >= report.broken > 50


def test_no_value_is_anywhere_else_in_any_form(report: Report) -> None:
    assert min(report.searched.values()) > 0
    assert report.searched["tables"] > 1_000_000
    assert report.searched["files"] > 10_000_000
    assert report.findings == []


def test_no_piece_of_a_value_is_in_a_record_of_its_call(report: Report) -> None:
    assert report.left == {}, "\n".join(report.examples)


def test_what_is_put_there_is_found(proof: Proof) -> None:
    """The proof of the search: a value in a log, in another form than it was said in."""
    caller = proof.calls[3].caller
    for number, text in enumerate(
        (
            f"WARNING cannot read {caller.phone[:3]}-{caller.phone[3:6]} {caller.phone[6:]}",
            f"spelled {' '.join(caller.last.upper())}",
            caller.mail.replace("@", " at ").upper() + caller.card,
        )
    ):
        planted = proof.pipeline.home.logs / f"planted-{number}.log"
        planted.write_bytes(b"\x00\xff\x02" + text.encode() + b"\x06")
        assert {finding.where for finding in proof.in_files()} == {f"file {planted.name} in logs"}, text
        planted.unlink()
