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
    (
        "PHONE",
        "+14155550135",
        [
            "four one five five five five oh one three five",
            "plus one four one five five five five oh one three five",
            "4155550135 x22",
            "415 555 0135 extension 22",
            "uh 415 555 0135",
            "four hundred fifteen five fifty five oh one thirty five",
            "415 555 no wait 415 555 0135",
            "four one five, five five five, one two, no, oh one three five",
            "four won five five five five oh one three five",
            "four one five double five five oh one three five",
            "four one five treble five oh one three five",
            "+1 (415) 555-0135",
        ],
    ),
    ("PHONE", "+525512345678", ["plus five two five five one two three four five six seven eight", "+52 55 1234 5678"]),
    ("PHONE", "+17755550100", ["seven seventy five five fifty five oh one hundred"]),
    ("PHONE", "+18005550100", ["eight hundred five five five oh one hundred"]),
    (
        "PHONE",
        "+19175551000",
        ["nine one seven five five five one thousand", "nine seventeen five fifty five ten hundred"],
    ),
    ("PHONE", "+12125552200", ["two twelve five fifty five twenty two hundred"]),
    (
        "PERSON",
        "maria",
        [
            "m-a-r-i-a",
            "M. A. R. I. A.",
            "eme a erre i a",
            "m for mary a for apple r i a",
            "m de mamá a r i a",
            "m like mary a r i a",
            "maria m a r i a",
            "Maria's",
            "maría\u2019s",
            "uh maria",
            "capital m a r i a",
            "Ms. Maria",
        ],
    ),
    ("PERSON", "anna", ["a double n a", "A N N A"]),
    ("PERSON", "owen", ["o w e n", "O double u e n"]),
    ("PERSON", "zoe o", ["zoe o"]),
    (
        "PERSON",
        "ana lopez garcia",
        ["lópez garcía, ana", "ana, lopez garcia", "Ana López García", "ana um lopez garcia"],
    ),
    ("PERSON", "leo", ["l e o"]),
    ("PERSON", "noah", ["n o a h", "n oh a h"]),
    (
        "EMAIL",
        "ana_lopez@gmail.com",
        [
            "ana guion bajo lopez arroba gmail punto com",
            "ana underscore lopez at jimeil dot com",
            "ana underscore lopez at the gmail dot com",
            "a n a underscore lopez at the rate of gmail dot com",
            "<ana_lopez@gmail.com>",
            "mailto:ana_lopez@gmail.com",
            "ana%5Flopez%40gmail.com",
        ],
    ),
    (
        "EMAIL",
        "ana-lopez+jobs@mail.com",
        ["ana dash lopez plus jobs at mail dot com", "ana hyphen lopez plus jobs arroba mail punto com"],
    ),
    ("EMAIL", "ana42@mail.com", ["ana forty two at mail dot com", "ana four two at mail point com"]),
    ("EMAIL", "aoa0@mail.com", ["a o a zero at mail dot com"]),
    ("EMAIL", "anna@mail.com", ["a double n a at mail dot com", "a n as in nancy n a at mail dot com"]),
    (
        "CARD",
        "5555555555554444",
        [
            "double five double five double five double five double five double five double four double four",
            "5555-5555-5555-4444",
        ],
    ),
    ("SECRET", "4471", ["four four seven um one", "44 71", "forty four and seventy one", "four four, seven one"]),
    ("SECRET", "441071", ["forty four ten seventy one"]),
    ("SECRET", "2011", ["two thousand eleven", "twenty eleven"]),
    ("SECRET", "1203", ["twelve oh three"]),
    ("SECRET", "305", ["three hundred five", "three oh five"]),
    ("SECRET", "Hunter2!x", ["Hunter2!x", "Hunter2 !x"]),
    ("SECRET", "bluemoon", ["blue moon"]),
    ("ADDRESS", "21w 43rd st", ["21 West 43rd Street", "twenty one west forty third street", "21 W. 43rd St."]),
    (
        "ADDRESS",
        "1420 oak st austin tx 78704",
        ["1420 Oak Street, Austin, TX 78704", "1420 oak street austin texas 78704"],
    ),
    ("ADDRESS", "12 texas ave", ["12 Texas Avenue"]),
    ("ADDRESS", "221b baker st", ["221 B Baker Street", "221B Baker St."]),
    ("ZIP", "NW16XE", ["NW1 6XE", "nw1 6xe"]),
    ("ZIP", "94110", ["nine four one ten", "94 110"]),
    (
        "DRIVER_ID",
        "B7732109",
        ["b seven seven three two one oh nine", "B-773-2109", "be siete siete tres dos uno cero nueve"],
    ),
    ("IP", "2001:db8::1", ["2001:db8::1", "2001:0DB8:0:0:0:0:0:1"]),
    ("IP", "10.0.0.1", ["ten dot oh dot oh dot one", "10 . 0 . 0 . 1", "10 point 0 point 0 point 1"]),
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


@pytest.mark.parametrize("text", ["acme one two", "acme um 12", "acme twelve", "a c m e double one two", "Acme 12"])
def test_an_id_that_is_said_is_the_one_that_is_typed(text: str) -> None:
    assert normalise.client(text) == ("acme112" if "double" in text else "acme12")


@pytest.mark.parametrize(
    "text",
    [
        "four eight two one three",
        "forty eight two thirteen",
        "four eight um two one three",
        "cuarenta y ocho dos trece",
        "forty eight and two thirteen",
    ],
)
def test_a_job_that_is_said_is_the_one_that_is_typed(text: str) -> None:
    assert normalise.job(text) == "48213"
    assert normalise.job_block(text) == "2410"


@pytest.mark.parametrize("text", ["job four eight two one three", "four eight x"])
def test_words_that_are_no_number_stay_words(text: str) -> None:
    assert normalise.job(text) == text


PAIRS = [
    ("+17705559074", "seven seventy five fifty five ninety seventy four"),
    ("+18005556600", "eight hundred five fifty five sixty six hundred"),
    ("+14155550134", "four fifteen five fifty five oh one thirty four"),
    ("+12125557020", "two twelve five fifty five seventy twenty"),
    ("+15581590830", "cincuenta y cinco ochenta y uno cinco noventa ocho treinta"),
    ("+15581985830", "cincuenta y cinco ochenta y uno noventa y ocho cincuenta y ocho treinta"),
    ("+17755559074", "seven seventy five five fifty five ninety seventy four"),
    ("+12065557719", "two oh six five fifty five seventy seven nineteen"),
    ("+15128001200", "five twelve eight hundred twelve hundred"),
    # Seven digits, and what has two readings, stay as they are.
    ("5550134", "five fifty five oh one thirty four"),
    ("505050505", "five oh five oh five oh five oh five"),
]


@pytest.mark.parametrize(("number", "text"), PAIRS, ids=[text for _, text in PAIRS])
def test_pairs_are_read_as_ten_digits_where_they_can_be(number: str, text: str) -> None:
    assert normalise.value("PHONE", text) == number
