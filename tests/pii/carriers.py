"""The phrases around the personal data of generated texts, and what fills their slots.

Slots: `<name> <first> <spelled> <phone> <mail> <card> <ssn> <code> <address>` are personal data, `<city> <date>` are soft,
`<job> <amount> <time>` are none. `mixed` changes between English and Spanish, or Hindi, within a sentence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from pii.people import Person
from pii.spoken_numbers import CODES, NUMBERS, house_number
from pii.spoken_words import MAILS, spelled

__all__ = ["CARRIERS", "LANGUAGES", "NOTHING", "fillings"]

LANGUAGES = {"en": "english", "in": "indian_english", "es": "spanish", "mixed": "code_mixed"}
CARRIERS: dict[str, tuple[str, ...]] = {
    "en": (
        "hi my name is <name> and you can get me at <phone>",
        "this is <name> calling the best number is <phone>",
        "yeah so the callback number is <phone>",
        "you can text me on <phone> any time",
        "my email address is <mail>",
        "send the estimate to <mail> please",
        "could you put <card> on the account",
        "i'll pay with my card it's <card>",
        "my social security number is <ssn>",
        "the gate code is <code>",
        "the alarm code for the house is <code>",
        "the verification code i got is <code>",
        "my pin number is <code>",
        "we are at <address> in <city>",
        "the technician should come to <address>",
        "my first name is spelled <spelled>",
        "ask for <first> when you get here",
        "i spoke with <first> on <date>",
        "it's <name> i moved to <address> and my new phone is <phone>",
        "job <job> is for <name> at <address>",
        "hello it's <name> i'm at <address> my cell is <phone> and my email is <mail>",
        "yeah the card is <card> and the security code for the gate is <code>",
        "we had <first> out on <date> and he left his number <phone>",
        "please change my email from <mail> to <mail>",
        "it's under <name> job number <job> the tenant's number is <phone>",
    ),
    "in": (
        "myself <name> and my contact number is <phone>",
        "kindly note down my mobile number <phone>",
        "i am <name> calling from <city> my number is <phone>",
        "you can reach me on <phone> only after <time>",
        "my email id is <mail> please send the details there",
        "please do one thing mail it to <mail>",
        "my credit card number is <card> and i will travel on <date>",
        "i have paid using the card <card> only",
        "my good name is <name>",
        "otp is <code> please check once",
        "my pin is <code> kindly update the same",
        "i stay at <address> near <city> station",
        "this is <name> speaking the job number is <job>",
        "actually my name is spelled as <spelled>",
        "contact <first> at <phone> he will be there",
        "hello sir <name> this side my number is <phone> and mail id is <mail>",
        "i am from <city> my name is <name> and you may call on <phone> on <date>",
        "the payment from card number <card> failed on <date> please revert on <mail>",
        "can you please update my number to <phone> and my email to <mail>",
        "i am trying to reach <first> since <time> his number is <phone>",
        "booking is under <name> travelling from <city> on <date>",
        "i have given my card <card> and email <mail> already on <date>",
    ),
    "es": (
        "buenas tardes me llamo <name> y mi teléfono es <phone>",
        "habla <name> mi número es <phone>",
        "me pueden marcar al <phone> después de las <time>",
        "mi correo es <mail>",
        "mándeme la factura a <mail> por favor",
        "quiero pagar con la tarjeta <card>",
        "el número de mi tarjeta es <card>",
        "mi número de seguro social es <ssn>",
        "el código del portón es <code>",
        "la clave de la alarma es <code>",
        "mi nip es <code>",
        "el código que me llegó es <code>",
        "vivo en <address> en <city>",
        "el técnico tiene que venir a <address>",
        "mi nombre se escribe <spelled>",
        "pregunte por <first> cuando llegue",
        "soy <name> y llamo por el trabajo <job>",
        "la señora <name> dejó su teléfono <phone> y su correo <mail>",
        "cambien mi número por favor el nuevo es <phone>",
        "le paso los datos de la tarjeta <card> y mi nombre es <name>",
    ),
    "mixed": (
        "hola this is <name> mi número es <phone>",
        "me llamo <name> and my phone is <phone>",
        "oye call me al <phone> porfa",
        "mi email is <mail> okay",
        "te mando it from <mail>",
        "mi card number es <card>",
        "el gate code es <code>",
        "the clave de la alarma is <code>",
        "el job <job> es de <name>",
        "we live en <address>",
        "mera naam <name> hai aur number hai <phone>",
        "aap mujhe <phone> pe call kar sakte ho",
        "mera email hai <mail>",
        "card ka number <card> hai ji",
        "mi nombre es <name> i live at <address> y mi celular es <phone>",
        "main <name> bol raha hoon <city> se number hai <phone>",
        "can you mandar the invoice a <mail> please",
        "otp hai <code> jaldi kijiye",
        "pregunta for <first> en la oficina",
    ),
}
NOTHING: dict[str, tuple[str, ...]] = {
    "en": (
        "the job number is <job> please",
        "i want to move job <job> to <date>",
        "it cost <amount> dollars and took until <time>",
        "is there any update on order <job>",
        "i need three of the two inch valves for the upstairs bathroom",
        "this is about the heater it's not working since <date>",
        "can you tell me the number for billing",
        "yes mark it complete and close the ticket",
    ),
    "in": (
        "the ticket number is <job> only",
        "kindly do the needful for job <job> by <date>",
        "total amount was <amount> rupees sir",
        "i am having one doubt regarding the invoice",
        "i will revert by <time> tomorrow",
        "please tell me what is the status",
    ),
    "es": (
        "el número de trabajo es <job>",
        "quiero cambiar la orden <job> para <date>",
        "me costó <amount> pesos",
        "llamo por la fuga de agua en el segundo piso",
        "necesito cuatro codos y dos válvulas para mañana a las <time>",
        "no funciona desde ayer gracias",
    ),
    "mixed": (
        "el job number es <job> please",
        "quiero close el job <job> today",
        "it costó like <amount> dólares",
        "mera job number <job> hai",
        "the heater no funciona desde <date>",
    ),
}
_DATES = {
    "en": (
        "the third of march",
        "november twenty first",
        "04/12/2027",
        "tuesday the ninth",
        "june second twenty twenty seven",
    ),
    "in": ("15 august 2027", "twelfth january", "2027-03-05", "second of october twenty twenty seven"),
    "es": ("el tres de marzo", "el veintiuno de noviembre", "12/04/2027", "el martes nueve"),
}
_TIMES = {
    "en": ("five thirty", "noon", "4 pm"),
    "in": ("six o clock", "evening", "4 pm"),
    "es": ("cinco", "cuatro y media", "seis"),
}
_AMOUNTS = {
    "en": ("two hundred and fifty", "1,240.50", "ninety nine"),
    "in": ("twelve thousand five hundred", "4500"),
    "es": ("mil doscientos", "850"),
}

_PHONES = tuple(form for form in NUMBERS if form != "code-mixed")
_CARDS = tuple(form for form in _PHONES if form != "misheard")
_ENGLISH_MAILS = ("typed", "spoken", "spoken", "spelled")
_INDIAN_MAILS = ("typed", "spoken", "spelled", "at the rate", "spelled, at the rate")
_SPANISH_MAILS = ("typed", "in Spanish", "in Spanish", "spelled in Spanish", "spoken")
_CASE = (str.lower, str.lower, str.lower, str.title)


def fillings(dice: random.Random, line: str, person: Person) -> str:
    """The line with each slot filled and marked."""
    return re.sub(r"<([a-z]+)>", lambda slot: _SLOTS[slot[1]](dice, person), line)


def _mark(label: str, text: str) -> str:
    return f"{{{label}:{text}}}"


def _number(
    label: str, forms: tuple[str, ...], value: Callable[[Person], str]
) -> Callable[[random.Random, Person], str]:
    def fill(dice: random.Random, person: Person) -> str:
        form = "code-mixed" if person.language == "es" and dice.random() < 0.1 else dice.choice(forms)
        return _mark(label, NUMBERS[form](dice, value(person), person.language))

    return fill


def _mail(dice: random.Random, person: Person) -> str:
    forms = {"es": _SPANISH_MAILS, "in": _INDIAN_MAILS, "en": _ENGLISH_MAILS}[person.language]
    return _mark("EMAIL", MAILS[dice.choice(forms)](dice, person.mail, person.language))


def _address(dice: random.Random, person: Person) -> str:
    number = house_number(dice, person.number, person.language)
    if person.language == "es":
        return _mark("ADDRESS", f"{person.street} {dice.choice(('', 'número '))}{number}")
    unit = dice.choice(("", "", f" apartment {dice.randint(1, 40)}", " unit b"))
    return _mark("ADDRESS", f"{number} {person.street}{unit}")


def _job(dice: random.Random, person: Person) -> str:
    digits = str(dice.randint(10_000, 99_999))
    return dice.choice(
        (digits, CODES["spoken"](dice, digits, person.language), CODES["in pairs"](dice, digits, person.language))
    )


_SLOTS: dict[str, Callable[[random.Random, Person], str]] = {
    "name": lambda dice, person: _mark("PERSON", dice.choice(_CASE)(person.name)),
    "first": lambda dice, person: _mark("PERSON", dice.choice(_CASE)(person.first)),
    "spelled": lambda dice, person: _mark("PERSON", spelled(dice, person.first, person.language)),
    "phone": _number("PHONE", _PHONES, lambda person: person.phone),
    "card": _number("CARD", _CARDS, lambda person: person.card),
    "ssn": _number("SSN", _CARDS, lambda person: person.ssn),
    "code": lambda dice, person: _mark("SECRET", CODES[dice.choice(tuple(CODES))](dice, person.code, person.language)),
    "mail": _mail,
    "address": _address,
    "city": lambda _dice, person: _mark("soft", person.city),
    "date": lambda dice, person: _mark("soft", dice.choice(_DATES[person.language])),
    "time": lambda dice, person: dice.choice(_TIMES[person.language]),
    "amount": lambda dice, person: dice.choice(_AMOUNTS[person.language]),
    "job": _job,
}
