"""Tokens: their form, who shares one, what is answered without one, and what the caches keep."""

from __future__ import annotations

import hashlib
import re

import pytest

from earwitness.privacy import tokens
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.tokens import Constant, Tokens, encoded, text_of
from earwitness.schemas.errors import MalformedError, TruncatedError

FORM = re.compile(r"(tel|person|client|job|ip|telprefix|jobblock)_k1_[0-9a-f]{24}\Z")
PERSONAL = ("phone", "name", "client", "job", "ip")
PHONE = "+14155550134"


@pytest.fixture
def made():
    return Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest()))


def answer(table, text):
    return text_of(table[encoded(text)])


def test_a_token_says_kind_and_key_and_nothing_else(made):
    for pii in PERSONAL:
        assert FORM.match(answer(made.table(pii), "4155550134"))
    coarse = made.coarse("caller_prefix")[encoded(PHONE)]
    assert coarse[:1] == b"\x02"
    assert FORM.match(text_of(coarse[1:]))


def test_the_same_value_of_two_kinds_has_two_tokens(made):
    answers = [answer(made.table(pii), "4155550134").rpartition("_")[2] for pii in PERSONAL]
    assert len(set(answers)) == len(PERSONAL)


def test_two_spellings_share_a_token_two_persons_do_not(made):
    phones = made.table("phone")
    assert answer(phones, PHONE) == answer(phones, "tel 1 (415) 555-0134") == answer(phones, "4155550134")
    assert answer(phones, PHONE) != answer(phones, "+14155550135")
    assert answer(made.table("name"), "MARÍA") == answer(made.table("name"), "maría")


def test_neighbours_share_the_coarse_token(made):
    prefixes = made.coarse("caller_prefix")
    assert prefixes[encoded(PHONE)] == prefixes[encoded("415 555 9999")] != prefixes[encoded("4155560134")]
    blocks = made.coarse("job_block")
    assert blocks[encoded("48200")] == blocks[encoded("048219")] != blocks[encoded("48220")]
    # Without the last digits a number is another value: it must not give the token of that number.
    assert text_of(prefixes[encoded(PHONE)][1:]).rpartition("_")[2] not in answer(made.table("phone"), "+1415555")


@pytest.mark.parametrize("text", ["anonymous", "Restricted", "+266696687", "unavailable", " "])
def test_a_withheld_number_is_one_shared_word(made, text):
    assert answer(made.table("phone"), text) == "withheld"
    assert made.coarse("caller_prefix")[encoded(text)] == b"\x00"


def test_empty_stays_empty_and_a_secret_becomes_a_word(made):
    for pii in (*PERSONAL, "secret"):
        assert made.table(pii)[b"\x00"] == b"\x00"
    assert made.coarse("caller_prefix")[b"\x00"] == made.coarse("job_block")[b"\x00"] == b"\x00"
    assert answer(made.table("secret"), "https://signed") == "[secret]"
    with pytest.raises(KeyError):
        made.table("none")


@pytest.mark.parametrize("name", [*PERSONAL, "secret", "caller_prefix", "job_block"])
@pytest.mark.parametrize("text", [b"\xff", b"ok\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"x" * 70 + b"\xfe"], ids=repr)
def test_what_is_no_utf8_is_refused_and_not_carried_along(made, name, text):
    table = made.coarse(name) if "_" in name else made.table(name)
    value = encoded("x" * len(text))[: -len(text)] + text
    with pytest.raises(MalformedError, match="no UTF-8") as caught:
        table[value]
    assert caught.value.__context__ is caught.value.__cause__ is None


def test_what_is_cut_is_refused(made):
    for value in (b"\x08abc", b"\x80\x02" + b"x" * 127):
        for table in (made.table("phone"), made.table("secret"), made.coarse("job_block")):
            with pytest.raises(TruncatedError):
                table[value]
        assert value not in made.table("phone")


def test_tokens_depend_on_the_secret_alone(made):
    again = Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest()))
    other = Tokens(MaskingKey("k1", hashlib.sha256(b"another key").digest()))
    renamed = Tokens(MaskingKey("k2", hashlib.sha256(b"a key").digest()))
    for pii in PERSONAL:
        token = answer(made.table(pii), "x1")
        assert token == answer(again.table(pii), "x1")
        assert token != answer(other.table(pii), "x1")
        # The id stands under the seal, so that nobody passes a token on as another key's.
        assert answer(renamed.table(pii), "x1")[:-4] == token[:-4].replace("_k1_", "_k2_")


def test_a_token_never_changes(made):
    # What is stored is joined by these: another form of token would be another person.
    assert answer(made.table("phone"), PHONE) == PUBLISHED


PUBLISHED = "tel_k1_351f9c09cdd63298eeead84e"


def test_a_cache_stays_within_its_bounds(made, monkeypatch):
    monkeypatch.setattr(tokens, "CACHE_SIZE", 10)
    table = made.table("phone")
    first = answer(table, "415 555 0000")
    for number in range(200):
        answer(table, f"415 555 {number:04}")
        assert len(table) <= 10
    assert answer(table, "415 555 0000") == first


def test_a_long_value_is_not_kept(made):
    for table in (made.table("name"), made.coarse("caller_prefix")):
        long, short = encoded("n" * 100_000), encoded("n")
        assert table[long] == table[long]
        assert table[short] == table[short]
        assert list(table) == [short]


def test_a_constant_is_that_word():
    assert Constant("[gone]")[encoded("anything")] == encoded("[gone]")
    assert text_of(encoded("é" * 200)) == "é" * 200
