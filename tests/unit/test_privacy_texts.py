"""Free text of records: spans become tokens, the rest stays, and nothing is passed on when reading fails."""

from __future__ import annotations

import re

import pytest

from earwitness.privacy import text_memory
from earwitness.privacy import texts as texts_module
from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.policy import Policy
from earwitness.privacy.scanner import MAX_CHARS, Scanner
from earwitness.privacy.site import Site
from earwitness.privacy.texts import Texts
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.schemas.errors import DatumError

TOKENS = Tokens(MaskingKey("k1", bytes(range(32))))
PHONE = text_of(TOKENS.table("phone")[encoded("+14155550134")])
SPOKEN = "my number is four one five, double five five, oh one three four"


@pytest.fixture
def texts():
    return Texts()


def table(texts, policy=None, place="call.started.said"):
    return texts.table(TOKENS, place, policy or Policy())


def masked(texts, text, policy=None):
    return text_of(table(texts, policy)[encoded(text)])


def test_a_spoken_number_has_the_declared_number_s_token_and_the_rest_stays(texts):
    assert masked(texts, f"well, {SPOKEN}!") == f"well, my number is [{PHONE}]!"
    assert masked(texts, "yes that is right") == "yes that is right"
    assert masked(texts, "") == ""
    assert texts.counts == {("call.started.said", "PHONE"): 1}


def test_what_is_masked_already_stays(texts):
    once = masked(texts, f"{SPOKEN}, the gate code is 4471, card 4111 1111 1111 1111, ask for Maria Garcia")
    assert masked(texts, once) == once
    assert "[secret]" in once
    assert masked(texts, "[text]") == "[text]"


def test_an_over_long_text_is_masked_whole(texts):
    assert masked(texts, "so " * (MAX_CHARS // 3)) == "so " * (MAX_CHARS // 3)
    assert masked(texts, "x " * (MAX_CHARS // 2) + "x") == "[text]"
    assert texts.counts == {("call.started.said", "TEXT"): 1}


@pytest.mark.parametrize(
    "text",
    [
        "to=%252B1415%2535550134",
        "%6d%61%72%69%61%20garcia",
        "%25252525252B",
    ],
)
def test_what_is_hidden_by_percent_encoding_masks_the_whole_text(texts, text):
    assert masked(texts, text) == "[text]"


@pytest.mark.parametrize("text", ["100% sure", "50%", "a%20b", "%", "job%20done"])
def test_percent_signs_alone_hide_nothing(texts, text):
    assert masked(texts, text) == text


class Broken:
    """A scanner that fails on one word, as a whole and alone."""

    def scan_all(self, texts):
        return [self.scan(text) for text in texts]

    def scan(self, text):
        if "poison" in text:
            raise RuntimeError(text)
        return Scanner().scan(text)


def test_a_text_that_the_scanner_fails_on_is_masked_whole_and_only_that(texts, monkeypatch):
    monkeypatch.setattr(texts_module, "Scanner", lambda *_, **__: Broken())
    answers = table(texts)
    with texts.ahead:
        parts = [answers[encoded(text)] for text in ("pin 7351", "poison of Maria Garcia", "hello")]
    assert [text_of(bytes(part)) for part in parts] == ["pin [secret]", "[text]", "hello"]
    assert texts.counts == {("call.started.said", "SECRET"): 1, ("call.started.said", "failed"): 1}
    assert masked(texts, "poison alone") == "[text]"


def test_texts_that_are_read_ahead_are_there_at_the_end(texts):
    answers, other = table(texts), table(texts, Policy("strict"), "a.b")
    given = [encoded(text) for text in (SPOKEN, "thank you", SPOKEN, "")]
    with texts.ahead:
        parts = [each[value] for value in given for each in (answers, other)]
        assert not any(parts[:6])
        assert texts.counts == {}
    expected = [encoded(f"my number is [{PHONE}]"), encoded("thank you"), encoded(f"my number is [{PHONE}]"), b"\x00"]
    assert parts == [each for each in expected for _ in range(2)]
    assert texts.counts == {("call.started.said", "PHONE"): 2, ("a.b", "PHONE"): 2}
    with texts.ahead:
        assert answers[given[0]] == expected[0]
    assert texts.counts["call.started.said", "PHONE"] == 3


def test_a_list_with_an_unknown_text_waits_as_a_whole_and_counts_once(texts):
    answers = table(texts)
    answers[encoded(SPOKEN)]

    class Pair:
        def __getitem__(self, value):
            return bytes(answers[encoded(SPOKEN)] + answers[value])

    with texts.ahead:
        known = texts.ahead.nested(Pair(), encoded(SPOKEN))
        unknown = texts.ahead.nested(Pair(), encoded("thank you"))
        assert (known, unknown) == (encoded(f"my number is [{PHONE}]") * 2, b"")
    assert unknown == encoded(f"my number is [{PHONE}]") + encoded("thank you")
    assert texts.counts == {("call.started.said", "PHONE"): 4}


def test_a_slice_that_is_given_up_leaves_nothing_behind(texts):
    answers = table(texts)

    def give_up():
        with texts.ahead:
            answers[encoded(SPOKEN)]
            texts.ahead.nested(answers, encoded("thank you"))
            answers[b"\x02\xff"]

    with pytest.raises(DatumError):
        give_up()
    assert texts.counts == {}
    with texts.ahead:
        part = answers[encoded(SPOKEN)]
    assert part == encoded(f"my number is [{PHONE}]")


def test_the_memory_is_bounded_and_changes_nothing(texts, monkeypatch):
    monkeypatch.setattr(text_memory, "MEMORY_BYTES", 2_000)
    answers = table(texts)
    values = [encoded(f"call 415 555 {number:04}") for number in range(100)]
    first = [answers[value] for value in values]
    assert len(answers._memory) < 10
    for _ in range(2):
        with texts.ahead:
            parts = [answers[value] for value in values]
        assert parts == first


def test_an_installation_that_masks_whole_texts(texts):
    whole = Texts(Site("whole"))
    assert masked(whole, "yes") == masked(texts, "yes", Policy("whole")) == "[text]"
    assert masked(whole, "") == ""
    assert whole.counts == {("call.started.said", "TEXT"): 1}


def test_the_stricter_of_field_and_installation_holds():
    assert Policy("strict").under("balanced").preset == "strict"
    assert Policy("balanced").under("strict").preset == "strict"
    assert Policy("whole").under("balanced").preset == "whole"
    assert Policy().under("balanced") == Policy()


@pytest.mark.parametrize("before", [f"2026/11/24/CA{'0a' * 16}-", "jobs/", "job_number=", "by-job-"])
def test_a_job_s_number_stays_in_a_key_that_is_built_from_it(texts, before):
    policy = Policy(keep=("job",))
    assert masked(texts, f"{before}4155550134.mp3", policy) == f"{before}4155550134.mp3"


@pytest.mark.parametrize(
    "key", ["none-4155550134.mp3", "4155550134", "job/415-555-0134", "caller/4155550134", "card 4038518003495248"]
)
def test_other_numbers_do_not(texts, key):
    assert "4155550134" not in masked(texts, f"CA{'0a' * 16}-4155550134.mp3")
    assert re.search(r"[0-9]{4}(?![0-9a-f]*\])", masked(texts, key, Policy(keep=("job",)))) is None


def test_the_installation_s_own_people_are_found():
    texts = Texts(Site(dictionary=Dictionary(people=("Sunny Day",))))
    assert re.fullmatch(r"ask \[person_.*\]", masked(texts, "ask sunny day"))
