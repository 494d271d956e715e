"""The measure of the free-text scanner, on examples that can be counted by hand."""

from __future__ import annotations

import pytest

from pii import generate
from pii.labelled import Row, by_hand, from_jsonl, marked, own_sets
from pii.scoring import Score


def score(line, *predicted):
    """The score of what was predicted, given as texts: `("415 555", "PHONE")` is where this text stands first."""
    row = marked(line)
    counted = Score()
    counted.count(row, [(row.text.index(text), row.text.index(text) + len(text), label) for text, label in predicted])
    return counted


def test_a_marked_line_is_a_row_with_offsets():
    row = marked("call {PERSON:Zoë} in {soft:Paris}\\non {PHONE:415 555 0134}.", name="one", kind="phone")
    assert row.text == "call Zoë in Paris\non 415 555 0134."
    assert [(row.text[start:end], label) for start, end, label in row.spans] == [
        ("Zoë", "PERSON"),
        ("415 555 0134", "PHONE"),
    ]
    assert [row.text[start:end] for start, end, _ in row.soft] == ["Paris"]
    assert (row.id, row.kind) == ("one", "phone")


def test_braces_that_are_no_mark_stay():
    assert marked('{"name":"{PERSON:Ann}"}').text == '{"name":"Ann"}'


@pytest.mark.parametrize("line", ["my {FONE:415}", "my {PHONE:} is"])
def test_a_wrong_mark_is_refused(line):
    with pytest.raises(ValueError, match=r"is no label|outside"):
        marked(line)


def test_a_span_counts_when_nine_tenths_of_its_letters_and_digits_are_covered():
    assert score("{PHONE:415 555 0134}", ("415 555 013", "PHONE")).recall == 1
    assert score("{PHONE:415 555 0134}", ("415 555 01", "PHONE")).recall == 0


def test_punctuation_and_spaces_do_not_count():
    counted = score("{PHONE:(415) 555-0134}", ("415", "PHONE"), ("555", "PHONE"), ("0134", "PHONE"))
    assert (counted.recall, counted.character_recall, counted.precision) == (1, 1, 1)


def test_any_label_protects_but_only_the_right_one_is_told_so():
    counted = score("{PHONE:415 555 0134} {PERSON:Ann}", ("415 555 0134", "CARD"), ("Ann", "PERSON"))
    assert counted.recall == 1
    assert counted.label == 0.5
    assert +counted.confused == {"PHONE as CARD": 1}


def test_a_prediction_is_right_when_half_of_it_is_given():
    assert score("am {PERSON:Ann}", ("am Ann", "PERSON")).precision == 1
    assert score("there {PERSON:Ann}", ("there Ann", "PERSON")).precision == 0


def test_what_is_soft_is_taken_out_first():
    counted = score("{PERSON:Ann} of {soft:Springfield}", ("Ann of Springfield", "PERSON"), ("Springfield", "ADDRESS"))
    assert (counted.precision, counted.predicted) == (1, 1)
    assert counted.character_precision == 3 / 5


def test_rows_without_personal_data_are_touched_unless_only_soft_is_found():
    counted = score("job 48213", ("48213", "PHONE")) + score("in {soft:Paris}", ("Paris", "ADDRESS")) + score("hello")
    assert (counted.touched_rows, counted.empty_rows) == (1, 3)
    assert counted.touched == 1 / 3


def test_character_ratios_are_over_all_rows():
    counted = score("{PERSON:Ann}", ("Ann", "PERSON")) + score("{PERSON:Bartholomew}")
    assert counted.character_recall == 3 / 14
    assert counted.recall == 0.5


def test_ratios_of_nothing_are_none():
    empty = Score()
    assert (empty.recall, empty.precision, empty.f1, empty.touched, empty.label) == (None,) * 5


def test_f1_is_the_harmonic_mean():
    counted = score("{PERSON:Ann} {PERSON:Bob} {PERSON:Cyd} on", ("Ann", "PERSON"), ("on", "PERSON"))
    assert counted.f1 == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert score("{PERSON:Ann} on", ("on", "PERSON")).f1 == 0


def test_recall_is_told_by_label_and_by_family():
    row = Row("1", "Ann 4471", ((0, 3, "PERSON"), (4, 8, "SECRET")), kind="code")
    counted = Score()
    verdict = counted.count(row, [(4, 8, "SECRET")])
    assert verdict.missed == ((0, 3, "PERSON"),)
    assert (counted.recall_of("PERSON"), counted.recall_of("SECRET"), counted.recall_of("SSN")) == (0, 1, None)
    assert (counted.found_by_kind["code"], counted.given_by_kind["code"]) == (1, 2)


def test_files_of_both_forms_are_read(tmp_path):
    hand = tmp_path / "some.txt"
    hand.write_text("; a comment\n== phones\ncall {PHONE:415 555 0134}\n\n== none\nyes\n", "utf-8")
    assert [(row.kind, len(row.spans)) for row in by_hand(hand)] == [("phones", 1), ("none", 0)]
    lines = tmp_path / "some.jsonl"
    lines.write_text('{"id": 7, "text": "Ann", "spans": [[0, 3, "PERSON"]], "soft": []}\n', "utf-8")
    assert from_jsonl(lines) == [Row("7", "Ann", ((0, 3, "PERSON"),))]


def test_our_own_cases_are_many_and_no_text_stands_twice():
    rows = [row for _, rows in own_sets() for row in rows]
    texts = [row.text for row in rows]
    assert len(texts) == len(set(texts))
    assert sum(bool(row.spans) for row in rows) >= 400
    assert sum(row.kind.startswith("must_not") for row in rows) >= 150
    assert not [row.id for row in rows if row.kind.startswith("must_not") and row.spans]
    assert {label for row in rows for _, _, label in row.spans} == {
        *("PHONE", "PERSON", "ADDRESS", "EMAIL", "CARD", "SSN", "SECRET", "IBAN", "IP", "ZIP", "DRIVER_ID"),
    }


def test_generated_texts_are_the_same_each_time_and_of_every_kind():
    first, second = (dict(generate.sets(rows=40)) for _ in range(2))
    assert first == second
    rows = [row for rows in first.values() for row in rows]
    assert {label for row in rows for _, _, label in row.spans} >= {
        "PHONE",
        "PERSON",
        "ADDRESS",
        "EMAIL",
        "CARD",
        "SECRET",
    }
    assert any(not row.spans for row in rows)


def test_all_rows_of_a_group_say_the_same_number():
    seen = set()
    for group in generate.groups(count=30):
        for row in group.rows:
            [(start, end, label)] = row.spans
            assert label == group.label
            if label in {"PHONE", "CARD"}:
                assert digits_said(row.text[start:end]) == group.value, (row.id, row.text)
            seen.add((label, row.id))
    assert {form for label, form in seen if label == "PHONE"} >= {"typed", "spoken", "doubled", "in pairs with commas"}


WORDS = {
    "zero oh cero": "0",
    "one uno": "1",
    "two dos": "2",
    "three tres": "3",
    "four cuatro": "4",
    "five cinco": "5",
    "six seis": "6",
    "seven siete": "7",
    "eight ocho": "8",
    "nine nueve": "9",
    "hundred": "00",
}
TEENS = (
    "ten diez,eleven once,twelve doce,thirteen trece,fourteen catorce,fifteen quince,sixteen dieciséis,seventeen diecisiete,"
    "eighteen dieciocho,nineteen diecinueve,veinte,veintiuno,veintidós,veintitrés,veinticuatro,veinticinco,veintiséis,"
    "veintisiete,veintiocho,veintinueve"
)
TENS = (
    "twenty,thirty treinta,forty cuarenta,fifty cincuenta,sixty sesenta,seventy setenta,eighty ochenta,ninety noventa"
)
SAID = (
    {word: digits for words, digits in WORDS.items() for word in words.split()}
    | {word: str(number) for number, words in enumerate(TEENS.split(","), 10) for word in words.split()}
    | {word: f"{number}0" for number, words in enumerate(TENS.split(","), 2) for word in words.split()}
)


def digits_said(text):
    """What a listener writes down, word by word."""
    found = ""
    for part in text.replace("-", " ").split(","):
        times, before = 1, ""
        for word in part.split():
            said = word if word.isdigit() else SAID.get(word, "")
            if word in {"double", "doble", "triple"}:
                times = 3 if word == "triple" else 2
            elif (
                len(said) == 1 and not word.isdigit() and (before == "y" or (before in SAID and before.endswith("ty")))
            ):
                found = found[:-1] + said
            else:
                found += said * times
            times = times if word in {"double", "doble", "triple"} else 1
            before = word
    return found
