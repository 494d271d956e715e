"""People who do not exist, for generated texts: the same seed makes the same ones.

The names are a list of our own, of many languages, in lower case as speech-to-text writes them. Phone numbers of North
America use the exchange 555 only half of the time: a scanner must not know them by it. Cards are random, and half of them
have a wrong check digit, because a caller may misspeak, and a number that is nearly a card still is personal data.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Person", "person"]

NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        (
            "deborah",
            "tyrone",
            "caitlin",
            "russell",
            "joy",
            "clay",
            "imani",
            "howard",
            "melody",
            "trent",
            "oluchi",
            "wren",
        ),
        (
            "mckenna",
            "stubbs",
            "oyelowo",
            "ashworth",
            "bishop",
            "van buren",
            "lindqvist",
            "pham",
            "day",
            "hargrove",
            "eze",
        ),
    ),
    "es": (
        (
            "marisol",
            "fernando",
            "luz",
            "gilberto",
            "araceli",
            "jesús",
            "paloma",
            "tomás",
            "xochitl",
            "ramón",
            "consuelo",
        ),
        ("villalobos", "cárdenas", "peña", "de la cruz", "montoya", "zúñiga", "rey", "escobedo", "barrios", "flores"),
    ),
    "in": (
        ("sandeep", "lakshmi", "mohit", "gurpreet", "anjali", "faisal", "kavya", "nitin", "pooja", "bharat", "jaya"),
        ("chatterjee", "krishnamurthy", "singh", "bhosale", "menon", "qureshi", "dutta", "reddy", "thakur", "pillai"),
    ),
    "far": (
        (
            "thuy",
            "chinonso",
            "khalid",
            "ayodele",
            "minh",
            "zainab",
            "obinna",
            "linh",
            "yusuf",
            "folake",
            "hamza",
            "trang",
        ),
        ("vo", "nwosu", "al-masri", "ogunleye", "bui", "haddad", "onyekachi", "duong", "mansour", "bankole", "truong"),
    ),
}
STREETS = {
    "en": (
        "oak ridge road",
        "maple avenue",
        "second street",
        "harbor lane",
        "church street",
        "willow court",
        "king drive",
    ),
    "es": (
        "calle morelos",
        "avenida hidalgo",
        "calle de la luna",
        "paseo del río",
        "calle veracruz",
        "avenida las torres",
    ),
    "in": ("linking road", "gandhi street", "mg road", "temple street", "lake view road", "park street"),
}
CITIES = {
    "en": ("denver", "oakland", "tampa", "boston"),
    "es": ("guadalajara", "monterrey", "sevilla", "el paso"),
    "in": ("pune", "indore", "chennai", "kolkata"),
}
DOMAINS = {
    "en": ("gmail.com", "yahoo.com", "outlook.com", "icloud.com", "comcast.net", "harborworks.org"),
    "es": ("gmail.com", "hotmail.com", "yahoo.es", "correo.com.mx", "outlook.com"),
    "in": ("gmail.com", "yahoo.co.in", "rediffmail.com", "outlook.com", "company.in"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """What one caller may say about themselves; every value in its plain written form."""

    language: str
    first: str
    last: str
    phone: str
    mail: str
    card: str
    ssn: str
    number: int
    street: str
    city: str
    code: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


def person(dice: random.Random, language: str) -> Person:
    """One who speaks `en`, `es` or `in` (Indian English); a third have a name from elsewhere."""
    firsts, lasts = NAMES["far" if dice.random() < 0.33 else language]
    first, last = dice.choice(firsts), dice.choice(lasts)
    return Person(
        language=language,
        first=first,
        last=last,
        phone=_phone(dice, language),
        mail=_mail(dice, first, last, dice.choice(DOMAINS[language])),
        card=_card(dice),
        ssn=f"{dice.randint(100, 665)}{dice.randint(10, 99)}{dice.randint(1000, 9999)}",
        number=dice.choice((dice.randint(2, 99), dice.randint(100, 999), dice.randint(1000, 9899))),
        street=dice.choice(STREETS[language]),
        city=dice.choice(CITIES[language]),
        code=_digits(dice, dice.choice((4, 4, 4, 5, 6))),
    )


def _digits(dice: random.Random, count: int) -> str:
    return "".join(str(dice.randrange(10)) for _ in range(count))


def _phone(dice: random.Random, language: str) -> str:
    if language == "in":
        return str(dice.randint(6, 9)) + _digits(dice, 9)
    if language == "es" and dice.random() < 0.5:
        return "55" + _digits(dice, 8)
    area = dice.choice(("415", "303", "617", "212", "800", "956", "305", "770", "504"))
    return (
        area
        + dice.choice(("555", f"{dice.randint(200, 989)}"))
        + dice.choice((_digits(dice, 4), f"{dice.randint(11, 98)}00"))
    )


def _mail(dice: random.Random, first: str, last: str, domain: str) -> str:
    first, last = (_plain(part) for part in (first, last))
    year = str(dice.randint(60, 99))
    local = dice.choice(
        (
            f"{first}.{last}",
            f"{first}_{last}",
            f"{first}{year}",
            f"{first[0]}.{last}",
            f"{first[0]}{last}",
            f"{last}-{first}{year}",
        )
    )
    return f"{local}@{domain}"


def _plain(name: str) -> str:
    table = str.maketrans("áéíóúñü", "aeiounu", " -'")
    return name.translate(table)


def _card(dice: random.Random) -> str:
    prefix = dice.choice(("4", "4", "51", "53", "6011", "37"))
    length = 15 if prefix == "37" else 16
    digits = prefix + _digits(dice, length - len(prefix))
    return digits if dice.random() < 0.5 else digits[:-1] + _check_digit(digits[:-1])


def _check_digit(digits: str) -> str:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if not at % 2 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
