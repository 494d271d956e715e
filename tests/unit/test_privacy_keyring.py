"""Several keys in one file: from when on each holds, and what is no order of keys."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.replacements import parts
from earwitness.privacy.tokens import encoded, text_of
from earwitness.runtime.errors import SettingsError
from earwitness.schemas.walker import Table

PHONE = encoded("+14155550134")


def line(name: str, since: str = "", root: str = "") -> str:
    secret = base64.b64encode(hashlib.sha256((root or name).encode()).digest()).decode()
    return f"{name}:{secret}" + (f" from={since}" if since else "")


def ring(*lines: str) -> KeyRing:
    return KeyRing.parse("\n".join(lines), where="here")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_single_key_holds_always():
    one = ring(line("k1"))
    assert [key.id for key in one.keys] == ["k1"]
    assert one.at(-(2**62)).id == one.at(2**62).id == "k1"
    (era,) = one.eras()
    assert era.tokens.previous is None


def test_the_first_line_holds_for_what_came_before_it_too():
    """When older lines have been taken out, records of their time may still come."""
    assert ring(line("k2", "2026-10-01")).at(0).id == "k2"


def test_each_key_holds_from_its_time_on():
    three = ring(line("k1"), "", line("k2", "2026-10-01"), line("k3", "2027-01-01T02:00+02:00"))
    assert three.at(at("2026-09-30T23:59:59.999Z")).id == "k1"
    assert three.at(at("2026-10-01T00:00Z")).id == "k2"
    assert three.at(at("2026-12-31T23:59:59.999Z")).id == "k2"
    assert three.at(at("2027-01-01T00:00Z")).id == "k3"
    first, second, third = three.eras()
    assert first.until == second.since == at("2026-10-01T00:00Z")
    assert second.until == third.since == at("2027-01-01T00:00Z")
    assert (first.tokens.previous, second.tokens.previous, third.tokens.previous) == (None, first.tokens, second.tokens)


WRONG = {
    "a second without a time": ((line("k1"), line("k2")), "k2 says no time behind that of k1"),
    "two of one time": ((line("k1"), line("k2", "2026-10-01"), line("k3", "2026-10-01")), "k3 says no time behind"),
    "the newer one first": ((line("k2", "2026-10-01"), line("k1", "2026-01-01")), "k1 says no time behind that of k2"),
    "the newer one first, the other without a time": ((line("k2", "2026-10-01"), line("k1")), "k1 says no time behind"),
    "one id with two secrets": ((line("k1"), line("k1", "2026-10-01", root="other")), "the id k1 stands there twice"),
    "one line twice": ((line("k1"), line("k1", "2026-10-01")), "the id k1 stands there twice"),
    "one secret with two ids": ((line("k1"), line("k2", "2026-10-01", root="k1")), "k2 has the bytes of k1"),
    "a time without a zone": ((line("k1"), line("k2", "2026-10-01T06:00")), "says no zone"),
    "no time": ((line("k1"), line("k2", "tomorrow")), "from= is no time"),
    "a month too many": ((line("k1"), line("k2", "2026-13-01")), "from= is no time"),
    "something else behind it": ((line("k1"), line("k2", "2026-10-01") + " to=2027-01-01"), "one line"),
    "a short key": ((line("k1"), "k2:QUJD from=2026-10-01"), "has 3 bytes"),
    "nothing": ((" ", ""), "there is none"),
}


@pytest.mark.parametrize(("lines", "reason"), WRONG.values(), ids=WRONG)
def test_what_is_no_order_of_keys_stops_the_start_with_one_line(lines, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        ring(*lines)
    said = str(caught.value)
    assert said.startswith("here")
    assert "\n" not in said
    for secret in (one.partition(":")[2].partition(" ")[0] for one in lines):
        assert len(secret) < 8 or secret not in said


def test_it_says_in_which_line():
    with pytest.raises(SettingsError, match=r"here, line 3: .* 3 bytes"):
        ring(line("k1"), "", "k2:QUJD from=2026-10-01")


def test_logs_name_keys_by_id_fingerprint_and_time():
    two = ring(line("k1"), line("k2", "2026-10-01T06:00Z"))
    assert str(two) == (
        f"k1 (fingerprint {two.keys[0].fingerprint}), k2 (fingerprint {two.keys[1].fingerprint}) from 2026-10-01T06:00Z"
    )
    for shown in (str(two), repr(two), repr(two.eras())):
        for secret in (one.partition(":")[2][:8] for one in (line("k1"), line("k2"))):
            assert secret not in shown


def test_tokens_of_the_older_keys_in_the_file_are_ours_others_are_not():
    first, second, third = ring(line("k1"), line("k2", "2026-10-01"), line("k3", "2027-01-01")).eras()
    stranger = ring(line("k2", root="stranger")).eras()[0]

    def token(table: Table) -> str:
        return text_of(bytes(table[PHONE]))

    newest = third.tokens
    for era in (first, second, third):
        made = token(era.tokens.table("phone"))
        assert newest.owns(made)
        assert newest.owns(f"[{made}]")
        assert text_of(bytes(newest.table("phone")[encoded(made)])) == made
    foreign = token(stranger.tokens.table("phone"))
    assert not newest.owns(foreign)
    assert parts(text_of(bytes(newest.table("phone")[encoded(foreign)]))) == ("tel", "k3")


def test_a_time_is_utc():
    assert ring(line("k1"), line("k2", "2026-10-01")).since[1] == int(
        datetime(2026, 10, 1, tzinfo=UTC).timestamp() * 1000
    )


def test_a_line_that_should_have_been_taken_out_is_told():
    two = ring(line("k1"), line("k2", "2026-10-01"))
    assert two.overdue(at("2026-09-30T00:00Z")) is two.overdue(at("2026-10-30T23:59Z")) is None
    assert ring(line("k2", "2026-10-01")).overdue(at("2027-10-01T00:00Z")) is None
    told = two.overdue(at("2026-10-31T00:00Z"))
    assert told is not None
    assert told.startswith("the key k1 was followed by k2 over 30 days ago")
