"""The same person gives the same value, however it was said."""

from __future__ import annotations

import pytest

from earwitness.privacy.scanner import normalise

SAME = [
    (
        "PHONE",
        "+14155550134",
        [
            "+1 415-555-0134",
            "(415) 555-0134",
            "4155550134",
            "four one five, double five five, oh one three four",
            "cuatro uno cinco, cinco cinco cinco, cero uno tres cuatro",
            "area code four one five five five five zero one thirty four",
            "415 um 555 uh 0 1 3 4",
            "four one five five five five oh one three five no wait four",
            "415-555-0134 ext. 22",
        ],
    ),
    ("PHONE", "+447700900461", ["+44 7700 900461", "plus four four seven seven double oh nine double oh four six one"]),
    (
        "EMAIL",
        "maria.garcia@gmail.com",
        [
            "Maria.Garcia@Gmail.com",
            "maria dot garcia at gmail dot com",
            "maria punto garcia arroba gmail punto com",
            "m a r i a dot g a r c i a at gmail dot com",
            "m as in mary a r i a dot garcia at gmail dot com",
            "maria dot garcia at the rate of gmail dot com",
        ],
    ),
    ("EMAIL", "j_smith42@company.co.uk", ["j underscore smith forty two at company dot co dot uk"]),
    ("CARD", "4111111111111111", ["4111 1111 1111 1111", "four triple one, 1111 1111 1111"]),
    (
        "SSN",
        "219099999",
        ["219-09-9999", "two one nine oh nine nine nine nine nine", "dos uno nueve cero nueve nueve nueve nueve nueve"],
    ),
    (
        "SECRET",
        "4471",
        [
            "4471",
            "four four seven one",
            "forty four seventy one",
            "cuatro cuatro setenta y uno",
            "double four seven one",
        ],
    ),
    (
        "PERSON",
        "maria lopez",
        [
            "María López",
            "maria lopez",
            "MARIA LOPEZ",
            "Mrs. María López",
            "señora maría lópez",
            "LÓPEZ, MARÍA",
            "Mrs. López, María",
        ],
    ),
    ("PERSON", "john smith jr", ["John Smith, Jr.", "john smith jr"]),
    ("PERSON", "katarzyna", ["K A T A R Z Y N A", "Katarzyna", "k as in kilo a t a r z y n a"]),
    ("PERSON", "deepak", ["D double E P A K"]),
    ("PERSON", "oneill", ["O'Neill", "O\u2019Neill"]),
    (
        "ADDRESS",
        "1420 oak st apt 3b",
        ["1420 Oak Street, Apt 3B", "1420 oak st apartment 3b", "fourteen twenty oak street apartment 3b"],
    ),
    ("IBAN", "GB82WEST12345698765432", ["GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"]),
    ("IP", "203.0.113.77", ["203.0.113.77", "two oh three dot zero dot one one three dot seventy seven"]),
    ("ZIP", "94110", ["94110", "nine four one one oh"]),
]


@pytest.mark.parametrize(("kind", "made", "text"), [(kind, made, text) for kind, made, texts in SAME for text in texts])
def test_one_value_however_said(kind: str, made: str, text: str) -> None:
    assert normalise.value(kind, text) == made


def test_different_people_stay_different() -> None:
    assert normalise.value("PERSON", "maria lopez") != normalise.value("PERSON", "mario lopez")
    assert normalise.value("PHONE", "415 555 0134") != normalise.value("PHONE", "415 555 0135")


@pytest.mark.parametrize(
    "kind", ["PHONE", "EMAIL", "CARD", "SSN", "SECRET", "PERSON", "ADDRESS", "IBAN", "IP", "ZIP", "TEXT"]
)
@pytest.mark.parametrize("text", ["", " ", "x", "\ud800", "…", "double", "at", "no wait"])
def test_any_text_has_a_value_and_the_same_one_again(kind: str, text: str) -> None:
    assert normalise.value(kind, text) == normalise.value(kind, text)


PAIRS = [
    ("+17705559074", "seven seventy five fifty five ninety seventy four"),
    ("+18005556600", "eight hundred five fifty five sixty six hundred"),
    ("+14155550134", "four fifteen five fifty five oh one thirty four"),
    ("+12125557020", "two twelve five fifty five seventy twenty"),
    ("+15581590830", "cincuenta y cinco ochenta y uno cinco noventa ocho treinta"),
    ("+15581985830", "cincuenta y cinco ochenta y uno noventa y ocho cincuenta y ocho treinta"),
    # Seven digits, and what has two readings, stay as they are.
    ("5550134", "five fifty five oh one thirty four"),
    ("505050505", "five oh five oh five oh five oh five"),
]


@pytest.mark.parametrize(("number", "text"), PAIRS, ids=[text for _, text in PAIRS])
def test_pairs_are_read_as_ten_digits_where_they_can_be(number: str, text: str) -> None:
    assert normalise.value("PHONE", text) == number
