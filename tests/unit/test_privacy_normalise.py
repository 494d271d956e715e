"""One form a value: spellings of the same number, name, id or address meet, different ones do not."""

from __future__ import annotations

import unicodedata

import pytest

from earwitness.privacy.scanner import normalise


def full_width(text):
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


AMERICAN = [
    "+14155550134",
    "+1 (415) 555-0134",
    "+1-415-555-0134",
    "1 415 555 0134",
    "14155550134",
    "4155550134",
    "(415) 555-0134",
    "415.555.0134",
    " 415 555 0134 ",
    "tel 14155550134",
    "tel:+14155550134",
    "whatsapp:+14155550134",
    "sip:+14155550134@sip.example.com",
    "SIPS:4155550134@example.com;user=phone",
    "sip:14155550134;phone-context=x@example.com",
    "0014155550134",
    "01114155550134",
    "\uff0b1\uff14155550134",  # full-width
    "(+1) 415 555 0134",
]
BRITISH = ["+442071838750", "+44 20 7183 8750", "tel:+44-20-7183-8750", "0044 20 7183 8750", "011442071838750"]
WITHHELD = [
    *("anonymous", "Anonymous", " ANONYMOUS ", "+266696687", "266696687", "+266 696 687", "tel:+266696687"),
    *("unavailable", "Unavailable", "+86282452253", "restricted", "RESTRICTED", "+7378742833"),
    *("blocked", "+2562533", "unknown", "+8656696"),
    *("sip:anonymous@anonymous.invalid", "", " ", "\t\u00a0"),
]


@pytest.mark.parametrize("text", AMERICAN)
def test_spellings_of_an_american_number(text):
    assert normalise.phone(text) == "+14155550134"
    assert normalise.phone_prefix(text) == "+1415555"


@pytest.mark.parametrize("text", BRITISH)
def test_spellings_of_a_british_number(text):
    assert normalise.phone(text) == "+442071838750"


@pytest.mark.parametrize("text", WITHHELD)
def test_a_withheld_number_is_nobodys(text):
    assert normalise.phone(text) is None
    assert normalise.phone_prefix(text) is None


@pytest.mark.parametrize("text", ["7378742833", "(737) 874-2833"])
def test_a_texan_number_that_spells_restricted_is_somebodys(text):
    assert normalise.phone(text) == "+17378742833"


@pytest.mark.parametrize(
    ("text", "number", "prefix"),
    [
        ("911", "911", None),
        ("5550134", "5550134", "555"),
        ("+14155550135", "+14155550135", "+1415555"),
        ("client:alice", "client:alice", None),
        ("sip:Alice@example.com", "alice", None),
        ("+", "+", None),
        ("٤١٥", "٤١٥", None),
    ],
)
def test_other_numbers_stay_apart(text, number, prefix):
    assert normalise.phone(text) == number
    assert normalise.phone_prefix(text) == prefix


@pytest.mark.parametrize(
    "texts",
    [
        [
            "María García",
            "maría garcía",
            "MARÍA  GARCÍA",
            " María\tGarcía\n",
            unicodedata.normalize("NFD", "María García"),
        ],
        ["Straße", "STRASSE", "strasse"],
        ["\ufb01nn", "FINN", "Finn"],
        [f"{full_width('John')}\u3000{full_width('Smith')}", "john smith"],
        ["\u01f0an", "\u01f0an".upper()],
        ["\u0390a", "\u0390a".upper()],
    ],
    ids=lambda texts: texts[0],
)
def test_spellings_of_a_name(texts):
    assert len({normalise.name(text) for text in texts}) == 1


def test_what_speech_recognition_leaves_out_is_no_part_of_a_name():
    for typed, heard in (
        ("José Nuñez", "jose nunez"),
        ("Đặng Thu Hà", "dang thu ha"),
        ("Søren Łukasz", "soren lukasz"),
        ("O\u2019Neill", "oneill"),
        ("Anne-Marie", "anne marie"),
        ("Mrs. García-López", "garcia lopez"),
        ("la señora García", "la senora garcia"),
    ):
        assert normalise.name(typed) == normalise.name(heard)


@pytest.mark.parametrize("text", ["ACME12", "acme12", "ACME-12", " Acme 12 ", "A.C.M.E./12"])
def test_spellings_of_a_client(text):
    assert normalise.client(text) == "acme12"


def test_a_client_of_signs_only_is_itself():
    assert normalise.client("--") == "--"
    assert normalise.client("--") != normalise.client("++")


@pytest.mark.parametrize("text", ["48213", "048213", "#48213", "48 213", "4-8-2-1-3", " 48213 ", "\uff14\uff18213"])
def test_spellings_of_a_job(text):
    assert normalise.job(text) == "48213"
    assert normalise.job_block(text) == "2410"


@pytest.mark.parametrize(
    ("text", "number", "block"),
    [
        ("0", "0", "0"),
        ("000", "0", "0"),
        ("19", "19", "0"),
        ("20", "20", "1"),
        ("9" * 20, "9" * 20, "4" + "9" * 18),
        ("9" * 21, "9" * 21, None),
        ("JOB-7", "job-7", None),
        ("x", "x", None),
        ("", None, None),
        ("፩", "፩", None),  # a digit to str.isdigit, not to int
        ("٣", "٣", None),
        ("²", "2", "0"),
        ("1፩", "1", "0"),
    ],
)
def test_other_jobs(text, number, block):
    assert normalise.job(text) == number
    assert normalise.job_block(text) == block


@pytest.mark.parametrize(
    ("texts", "shortest"),
    [
        (["203.0.113.7", " 203.0.113.7 ", "::ffff:203.0.113.7", "[::ffff:cb00:7107]"], "203.0.113.7"),
        (["2001:db8::1", "2001:0DB8:0000::0001", "[2001:db8::1]"], "2001:db8::1"),
        (["localhost", " LOCALHOST"], "localhost"),
        (["203.0.113.7:443"], "203.0.113.7:443"),
    ],
)
def test_spellings_of_an_address(texts, shortest):
    assert {normalise.ip(text) for text in texts} == {shortest}


def test_no_digit_of_any_script_is_too_much():
    digits = [chr(code) for code in range(0x11_0000) if chr(code).isdigit()]
    assert len(digits) > 700
    for digit in digits:
        for normal in (normalise.phone, normalise.phone_prefix, normalise.job, normalise.job_block, normalise.ip):
            for text in (digit, digit * 11, f"+{digit}15555013{digit}"):
                assert normal(text) != ""
