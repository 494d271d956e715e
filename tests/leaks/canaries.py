"""People who were made to be looked for: no value of theirs occurs anywhere by chance.

A name is made of syllables that count, so no two people share one and no list of words holds it. What has too few digits to
be looked for everywhere (a code, a ZIP) is looked for in the records of its own call.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

__all__ = ["Canary", "canary"]

_SYLLABLES = (
    *("bra", "cho", "dru", "fle", "gwi", "hux", "jor", "kle", "lum", "mev", "nax", "plo", "qui", "rov", "sku", "tri"),
    *("vek", "wob", "yul", "zan", "bim", "cra", "dov", "fru", "gla", "hib", "jat", "kru", "lyv", "mox", "nib", "pru"),
)
_FIRSTS = {
    "en": ("deborah", "tyrone", "caitlin", "russell", "marcus", "gloria", "stephen", "heather", "leonard", "denise"),
    "es": (
        "marisol",
        "fernando",
        "gilberto",
        "araceli",
        "ximena",
        "rodrigo",
        "lucía",
        "joaquín",
        "graciela",
        "esteban",
    ),
}
_DOMAINS = {"en": ("gmail.com", "yahoo.com", "outlook.com"), "es": ("gmail.com", "hotmail.com", "yahoo.es")}
_AREAS = ("415", "303", "617", "212", "956", "305", "770", "504")
_SAFE = "abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Canary:
    """One caller; every value in its plain written form."""

    number: int
    language: str
    first: str
    last: str
    phone: str
    office: str
    mail: str
    card: str
    ssn: str
    code: str
    password: str
    house: str
    street: str
    zip: str
    iban: str
    ip: str
    licence: str
    client: str
    job: str
    secret: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def call_sid(self) -> str:
        """Twilio's id of their call: random, as it is in life."""
        return "CA" + hashlib.sha256(f"call {self.number}".encode()).hexdigest()[:32]


def canary(number: int, seed: int) -> Canary:
    """The caller of that number; the same seed makes the same ones. Half speak Spanish."""
    dice = random.Random(f"{seed} {number}")
    language = "es" if number % 2 else "en"
    first = dice.choice(_FIRSTS[language])
    last, street = _made(2 * number, dice), _made(2 * number + 1, dice)
    return Canary(
        number=number,
        language=language,
        first=first,
        last=last,
        phone=_phone(dice),
        office=_phone(dice),
        mail=f"{dice.choice((f'{first[0]}.{last}', f'{last}{dice.randint(60, 99)}', f'{last}_{first[0]}'))}@"
        f"{dice.choice(_DOMAINS[language])}",
        card=_card(dice),
        ssn=f"{dice.randint(101, 665)}{dice.randint(10, 99)}{dice.randint(1000, 9999)}",
        code=_digits(dice, dice.choice((4, 4, 5, 6))),
        password=f"{dice.choice(_SAFE).upper()}{''.join(dice.choices(_SAFE, k=3))}{_digits(dice, 3)}"
        f"{''.join(dice.choices(_SAFE, k=3))}{_digits(dice, 2)}",
        house=str(dice.randint(101, 9899)),
        street=street,
        zip=dice.choice("79") + _digits(dice, 4),
        iban=_iban(dice),
        ip=".".join(str(dice.randint(101, 250)) for _ in range(4)),
        licence=dice.choice("DFNS") + _digits(dice, 7),
        client=f"{last[:4].upper()}{_digits(dice, 9)}",
        job=f"{dice.randint(1, 9)}{_digits(dice, 15)}",
        secret=f"https://api.example.com/{last}/{_digits(dice, 12)}?sig={''.join(dice.choices(_SAFE, k=20))}",
    )


def _made(number: int, dice: random.Random) -> str:
    """A word of four syllables: three count, the last is any; no two numbers below 32,768 have the same."""
    parts = [number // 32**place % 32 for place in range(3)]
    # Scattered, so that neighbours do not look alike: 32 is a power of two and 11 is odd, so each number stays its own.
    parts[0] = (parts[0] + 11 * parts[1]) % 32
    parts[1] = (parts[1] + 11 * parts[2]) % 32
    return "".join(_SYLLABLES[part] for part in (*parts, dice.randrange(32)))


def _digits(dice: random.Random, count: int) -> str:
    return "".join(str(dice.randrange(10)) for _ in range(count))


def _phone(dice: random.Random) -> str:
    return f"{dice.choice(_AREAS)}{dice.randint(201, 989)}{_digits(dice, 4)}"


def _card(dice: random.Random) -> str:
    digits = dice.choice(("4", "4", "51", "53"))
    digits += _digits(dice, 15 - len(digits))
    total = sum(sum(divmod(int(digit) * (2 - at % 2), 10)) for at, digit in enumerate(digits))
    return digits + str(-total % 10)


def _iban(dice: random.Random) -> str:
    account = _digits(dice, 18)
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02}{account}"
