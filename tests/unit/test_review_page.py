"""What `earwitness review` prints of a sample, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from earwitness.cli.review_page import lines, print_page
from earwitness.cli.review_sample import Looked, Review, Reviewed
from earwitness.privacy.report import FieldReport, Finding
from earwitness.privacy.second_look import Leftover
from earwitness.runtime.settings import KafkaSettings
from earwitness.stream.newest import Extent, Newest

AT = datetime(2026, 11, 30, 20, 51, 50, tzinfo=UTC)


def newest(*, there: int = 5, stopped: str = "") -> Newest:
    return Newest(KafkaSettings("x:1"), "g", extents={"audit.raw.call": Extent(there, 3, 1_000)}, stopped=stopped)


def review(*fields: Looked) -> Review:
    return Review([Reviewed("call.ended", "audit.raw.call:0:1", AT, fields)])


def test_a_text_cannot_steer_the_terminal_and_is_cut(capsys: pytest.CaptureFixture[str]):
    text = "a\x1b[2J\u202eb\u2028c\x9b[secret]\n" + "x" * 1_000
    print_page(
        review(Looked(FieldReport("note", "text", text, (Finding("SECRET", "secret.code", 10, 18),)), ())),
        newest(),
        "s",
    )
    out = capsys.readouterr().out
    assert "  note: a\\x1b[2J\\u202eb\\u2028c\\x9b[secret]\\n" in out
    assert f"… ({len(text) - 400} more characters)" in out
    assert "    SECRET secret.code 10-18\n" in out
    assert not any(each in out for each in "\x1b\u202e\u2028\x9b")


def test_what_is_not_masked_is_not_shown(capsys: pytest.CaptureFixture[str]):
    found = review(Looked(FieldReport("service", "none", "call 4155550134"), (Leftover(5, 15, "9999999999"),)))
    print_page(found, newest(), "s")
    assert next(iter(lines(found, newest(), "s")))["fields"][0]["masked"] is None
    out = capsys.readouterr().out
    assert "  service: (not masked, so not shown)\n    looks unmasked: 9999999999 5-15\n" in out
    assert "4155550134" not in out + repr(list(lines(found, newest(), "s")))


def test_it_says_what_it_read_and_what_it_could_not(capsys: pytest.CaptureFixture[str]):
    found = Review()
    found.unreadable["truncated"] = 2
    print_page(found, newest(stopped="size"), "preset balanced")
    out = capsys.readouterr().out
    assert "audit.raw.call\t3\t5\t1000" in out
    assert "it stopped at --megabytes" in out
    assert "2 cannot be read and become dead letters (truncated)" in out
    assert "0 records reviewed with preset balanced; nothing looks unmasked." in out
    print_page(Review(), newest(there=0), "s")
    assert "The topics are empty" in capsys.readouterr().out
