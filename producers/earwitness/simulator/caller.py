"""Somebody on the telephone: what is known there, and how it is said in English or Spanish, or keyed.

The world is the example voice app's: its clients, jobs and technicians. Names and places are made up; telephone numbers
are from 555-0100 to 555-0199, which are reserved for fiction.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ACTIONS", "Answer", "Caller", "Script"]

_JOBS = {"ACME12": range(48200, 48209), "NORTE7": range(48210, 48220), "30117": range(48220, 48230)}
_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
}
_TECHNICIANS = ("John Smith", "María García", "Wei Chen", "Amara Okafor")
_NOTES = {
    "en": (
        "Gate code is 4711, please ring twice",
        "Customer asked for a call back at 202 555 0143",
        "Leave the parts with Ms. Alvarez at 12 Larch Lane",
    ),
    "es": (
        "El código de la puerta es 4711",
        "El cliente pide que le llamen al 202 555 0143",
        "Dejar las piezas con la señora Álvarez en Calle del Río 12",
    ),
}
_STATUSES = {
    "en": ("pending", "in progress", "on hold", "completed", "cancelled"),
    "es": ("pendiente", "en curso", "en espera", "completado", "cancelado"),
}
_DATES = {"en": "December 14th 2026", "es": "14 de diciembre de 2026"}
_MENU = {
    "update_status": ("1", {"en": "change the status", "es": "cambiar el estado"}),
    "update_scheduled_date": ("2", {"en": "move the date", "es": "cambiar la fecha"}),
    "update_assignee": ("3", {"en": "reassign it", "es": "asignar a otro técnico"}),
    "add_note": ("4", {"en": "add a note", "es": "añadir una nota"}),
}
ACTIONS = tuple(_MENU)


@dataclass(frozen=True)
class Answer:
    """One answer: keys, or speech with the recogniser's confidence, or, with neither, silence."""

    digits: str | None = None
    speech: str | None = None
    confidence: float = 0.9


@dataclass(frozen=True)
class Script:
    """What a caller will do.

    Attributes:
        answers: by the stage that asks, what is answered the first time, the second, and so on; the last one is repeated.
        hangs_up_after: after so many answers the caller hangs up; None: never.
        status: Twilio's CallStatus at the end. A call that ends otherwise than completed never reached the app.
        sip_response_code: the SIP answer at the end.
        seconds: how long the call is said to have lasted; None: as long as its answers take.
        outbound: whether it is the app's side that called.
        number: who calls; None: anybody.
    """

    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    hangs_up_after: int | None = None
    status: str = "completed"
    sip_response_code: str = "200"
    seconds: int | None = None
    outbound: bool = False
    number: str | None = None


class Caller:
    """Somebody on the telephone: has a language, and either speaks or uses the keypad.

    Args:
        rng: decides what is left to chance.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.language = rng.choice(("en", "en", "es"))
        self.at_keypad = rng.random() < 0.4
        self.client = "30117" if self.at_keypad else rng.choice(("ACME12", "NORTE7"))

    def say(self, keys: str, words: str) -> Answer:
        """The keys at the keypad, the words otherwise."""
        return Answer(digits=keys) if self.at_keypad else self.speak(words)

    def speak(self, words: str) -> Answer:
        """Words, well understood."""
        return Answer(speech=words, confidence=round(self.rng.uniform(0.72, 0.98), 4))

    def spell(self, text: str) -> Answer:
        """A number or an id, digit by digit."""
        words = _DIGITS[self.language]
        return self.say(text, " ".join(words[int(letter)] if letter.isdecimal() else letter for letter in text))

    def yes(self) -> Answer:
        """Yes."""
        return self.say("1", {"en": "yes", "es": "sí"}[self.language])

    def no(self) -> Answer:
        """No."""
        return self.say("2", "no")

    def choose(self, action: str) -> tuple[Answer, Answer]:
        """The menu's choice, and the new value."""
        key, words = _MENU[action]
        menu = self.say(key, words[self.language])
        match action:
            case "update_status":
                choice = self.rng.randrange(5)
                return menu, self.say(str(choice + 1), _STATUSES[self.language][choice])
            case "update_scheduled_date":
                return menu, self.say("20261214", _DATES[self.language])
            case "update_assignee":
                return menu, self.speak(self.rng.choice(_TECHNICIANS))
            case _:
                return menu, self.speak(self.rng.choice(_NOTES[self.language]))

    def knows(self, action: str, **otherwise: tuple[Answer, ...]) -> dict[str, tuple[Answer, ...]]:
        """Answers to all that may be asked on the way to an action, but for the stages that are given."""
        menu, value = self.choose(action)
        answers = {
            "collect_client_id": (self.spell(self.client),),
            "collect_job_number": (self.spell(str(self.rng.choice(_JOBS[self.client]))),),
            "confirm_job": (self.yes(),),
            "ask_action": (menu,),
            "collect_action_value": (value,),
            "confirm_action": (self.yes(),),
            "error_recovery": (self.yes(), self.no()),
        }
        return answers | otherwise

    def any_action(self) -> str:
        """One of the four."""
        return self.rng.choice(ACTIONS)
