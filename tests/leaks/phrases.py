"""What callers say and technicians write, with a canary's values in it: typed, spoken, spelled; English and Spanish.

The phrases are of another hand than the scanner's rules and than `tests/pii/carriers.py`. Each belongs to a family,
`kind/language/phrase`, by which a leak is told. `PROMISED` are the families of free text for which the leak test stands.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from leaks.canaries import Canary
from pii.spoken_numbers import CODES, NUMBERS
from pii.spoken_words import MAILS, spelled

__all__ = ["PHRASES", "Said", "families", "sentence"]


class Said(NamedTuple):
    """A text, the family it is of, and the values in it as they are said."""

    text: str
    family: str
    values: tuple[str, ...]


PHRASES: dict[str, tuple[str, ...]] = {
    "en": (
        "yes hello my name is <name> and the water heater is dead again",
        "hi this is <name> calling about the estimate",
        "you can call me back at <phone> after lunch",
        "my cell phone number is <phone>",
        "reach the tenant on <phone> please",
        "the best phone number for the site is <phone>",
        "please email the invoice to <mail>",
        "my email is <mail>",
        "the card number is <card> and it is a visa",
        "charge it to my credit card <card>",
        "my social security number is <ssn>",
        "the gate code is <code>",
        "alarm code is <code> for the back door",
        "my pin is <code>",
        "the password is <password>",
        "the job is at <address>",
        "i live at <address>",
        "send the crew to <address> tomorrow",
        "my zip code is <zip>",
        "wire it to iban <iban>",
        "my driver's license number is <licence>",
        "login came from ip address <ip>",
        "my last name is spelled <spelled>",
        "customer: <Name>, phone: <phone>, email: <typedmail>",
        "Spoke with Mr. <Last> about the leak; callback <typedphone>.",
        "TimeoutError: lookup of +1<digits> failed after 3 tries",
        "GET /calls?From=%2B1<digits>&Email=<urlmail> returned 502",
        'SEARCH("<typedmail>", {Email})',
        "{Phone} = '<typedphone>'",
        '{"callback": "<typedphone>", "mail": "<typedmail>"}',
    ),
    "es": (
        "sí buenas me llamo <name> y no sale agua caliente",
        "hola soy <name> y llamo por la cotización",
        "mi número de teléfono es <phone>",
        "me puede llamar al <phone> por la tarde",
        "el celular del inquilino es <phone>",
        "mande la factura a mi correo <mail>",
        "mi correo electrónico es <mail>",
        "el número de la tarjeta es <card>",
        "cóbrelo a mi tarjeta de crédito <card>",
        "mi número de seguro social es <ssn>",
        "el código de la puerta es <code>",
        "el código de la alarma es <code>",
        "mi pin es <code>",
        "la contraseña es <password>",
        "vivo en <address>",
        "la dirección es <address>",
        "mi código postal es <zip>",
        "la transferencia va al iban <iban>",
        "mi apellido se deletrea <spelled>",
        "cliente: <Name>, teléfono: <typedphone>, correo: <typedmail>",
        "Error: no se pudo llamar al +52<digits> (ocupado)",
    ),
    "both": (
        "hola this is <name> mi número es <phone>",
        "oye my phone number is <phone> okay gracias",
        "mi email is <mail>",
        "el gate code es <code>",
        "mi credit card number es <card>",
    ),
}

_PHONES = (
    *("typed", "typed with spaces", "typed with dashes", "typed digit by digit", "spoken", "spoken with commas"),
    *("doubled", "half typed", "in pairs with commas", "with fillers", "corrected"),
)
_CARDS = ("typed", "typed with spaces", "typed with dashes", "typed digit by digit", "spoken", "doubled", "half typed")
_MAILS = {
    "en": ("typed", "typed in capitals", "spoken", "spelled"),
    "es": ("typed", "in Spanish", "spelled in Spanish"),
}
_CASES = (str, str, str.title, str.upper)


def families() -> Iterator[tuple[str, str]]:
    """All phrases, each with its language."""
    for language, phrases in PHRASES.items():
        for phrase in phrases:
            yield language, phrase


def sentence(dice: random.Random, caller: Canary, phrase: str | None = None) -> Said:
    """One sentence of a caller: that phrase, or any in their language or in both."""
    language = caller.language
    if phrase is None:
        phrase = dice.choice((*PHRASES[language], *PHRASES["both"]))
    values: list[str] = []
    forms: list[str] = []

    def fill(slot: re.Match[str]) -> str:
        form, value = _SLOTS[slot[1]](dice, caller, language)
        forms.append(f"<{slot[1]}: {form}>")
        values.append(value)
        return value

    text = re.sub(r"<(\w+)>", fill, phrase)
    return Said(text, f"{phrase}  {' '.join(forms)}", tuple(values))


_Slot = Callable[[random.Random, Canary, str], tuple[str, str]]


def _number(value: Callable[[Canary], str], forms: tuple[str, ...]) -> _Slot:
    def fill(dice: random.Random, caller: Canary, language: str) -> tuple[str, str]:
        form = dice.choice(forms)
        return form, NUMBERS[form](dice, value(caller), language)

    return fill


def _plain(value: Callable[[Canary], str]) -> _Slot:
    return lambda _dice, caller, _language: ("typed", value(caller))


def _name(dice: random.Random, caller: Canary, _language: str) -> tuple[str, str]:
    case = dice.choice(_CASES)
    return case.__name__, case(caller.name)


def _mail(dice: random.Random, caller: Canary, language: str) -> tuple[str, str]:
    form = dice.choice(_MAILS[language])
    return form, MAILS[form](dice, caller.mail, language)


def _code(dice: random.Random, caller: Canary, language: str) -> tuple[str, str]:
    form = dice.choice(tuple(CODES))
    return form, CODES[form](dice, caller.code, language)


def _address(dice: random.Random, caller: Canary, language: str) -> tuple[str, str]:
    if language == "es":
        return "typed", f"calle {caller.street} {caller.house}"
    form = dice.choice(("typed", "spoken"))
    house = caller.house if form == "typed" else CODES["in pairs"](dice, caller.house, "en")
    kind = dice.choice(("street", "avenue", "road"))
    return form, f"{house} {caller.street} {kind}" if form == "spoken" else f"{house} {caller.street} {kind}".title()


def _phone_typed(dice: random.Random, caller: Canary, _language: str) -> tuple[str, str]:
    area, middle, line = caller.phone[:3], caller.phone[3:6], caller.phone[6:]
    form = dice.choice((f"({area}) {middle}-{line}", f"{area}-{middle}-{line}", f"+1 {area} {middle} {line}"))
    return "typed", form


_SLOTS: dict[str, _Slot] = {
    "name": _name,
    "Name": _plain(lambda caller: caller.name.title()),
    "Last": _plain(lambda caller: caller.last.title()),
    "phone": _number(lambda caller: caller.phone, _PHONES),
    "typedphone": _phone_typed,
    "digits": _plain(lambda caller: caller.phone),
    "mail": _mail,
    "typedmail": _plain(lambda caller: caller.mail),
    "urlmail": _plain(lambda caller: quote(caller.mail)),
    "card": _number(lambda caller: caller.card, _CARDS),
    "ssn": _number(lambda caller: caller.ssn, ("typed", "typed with dashes", "spoken", "typed digit by digit")),
    "code": _code,
    "password": _plain(lambda caller: caller.password),
    "address": _address,
    "zip": _plain(lambda caller: caller.zip),
    "iban": _plain(lambda caller: caller.iban),
    "licence": _plain(lambda caller: caller.licence),
    "ip": _plain(lambda caller: caller.ip),
    "spelled": lambda dice, caller, language: ("spelled", spelled(dice, caller.last, language)),
}
