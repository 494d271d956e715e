"""Who calls, and what they say: a number of calls from a seed, each with a story.

The world is the example voice app's: its clients, jobs and technicians. Names and places are made up; telephone numbers
are from 555-0100 to 555-0199, which are reserved for fiction.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

__all__ = ["STORIES", "Answer", "CallPlan", "plan_calls"]

ACCOUNT_SID: Final = "AC" + "5e" * 16
LINES: Final = {"en": "+12025550100", "es": "+12025550101"}

_AREA_CODES = ("202", "212", "303", "312", "415", "505", "617", "713")
_NAMES = ("ROBIN VALE", "SAM HOLLIS", "NOOR AZIZ", "LUCIA MORENO", "PAT QUILL", "DIEGO RUIZ", "IDA BERG", None)
_WITHHELD = ("anonymous", "+266696687")
_JOBS = {"ACME12": range(48200, 48209), "NORTE7": range(48210, 48220), "30117": range(48220, 48230)}
_READ_ONLY = ("VIEW55", range(48230, 48240))
_BROKEN_JOB = ("ACME12", "48209")  # the example answers changes of this job with 503
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
_STATUSES = {"en": ("in progress", "on hold", "completed"), "es": ("en curso", "en espera", "completado")}
_DATES = {"en": "December 14th 2026", "es": "14 de diciembre de 2026"}
_MENU = {
    "update_status": ("1", {"en": "change the status", "es": "cambiar el estado"}),
    "update_scheduled_date": ("2", {"en": "move the date", "es": "cambiar la fecha"}),
    "update_assignee": ("3", {"en": "reassign it", "es": "asignar a otro técnico"}),
    "add_note": ("4", {"en": "add a note", "es": "añadir una nota"}),
}


@dataclass(frozen=True)
class Answer:
    """One answer: keys, or speech with the recogniser's confidence, or, with neither, silence."""

    digits: str | None = None
    speech: str | None = None
    confidence: float = 0.9


@dataclass(frozen=True)
class CallPlan:
    """One call from beginning to end.

    Attributes:
        story: what it is about, one of STORIES.
        call_sid: Twilio's id for it.
        fields: what every webhook of the call carries.
        answers: what the caller answers, in order; when they are used up, the caller hangs up.
        duration_seconds: how long it is said to have lasted.
    """

    story: str
    call_sid: str
    fields: Mapping[str, str]
    answers: tuple[Answer, ...]
    duration_seconds: int


class _Caller:
    """Somebody on the telephone: has a language, and either speaks or uses the keypad."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.language = rng.choice(("en", "en", "es"))
        self.at_keypad = rng.random() < 0.4
        self.client = "30117" if self.at_keypad else rng.choice(("ACME12", "NORTE7"))

    def say(self, keys: str, words: str) -> Answer:
        if self.at_keypad:
            return Answer(digits=keys)
        return Answer(speech=words, confidence=round(self.rng.uniform(0.72, 0.98), 4))

    def spell(self, text: str) -> Answer:
        words = _DIGITS[self.language]
        return self.say(text, " ".join(words[int(letter)] if letter.isdecimal() else letter for letter in text))

    def yes(self) -> Answer:
        return self.say("1", {"en": "yes", "es": "sí"}[self.language])

    def no(self) -> Answer:
        return self.say("2", "no")

    def job(self, client: str) -> Answer:
        return self.spell(str(self.rng.choice(_JOBS[client])))

    def speak(self, words: str) -> Answer:
        return Answer(speech=words, confidence=round(self.rng.uniform(0.72, 0.98), 4))

    def choose(self, action: str) -> tuple[Answer, Answer]:
        """The menu's choice, and the new value."""
        key, words = _MENU[action]
        menu = self.say(key, words[self.language])
        match action:
            case "update_status":
                choice = self.rng.randrange(3)
                return menu, self.say(str(choice + 2), _STATUSES[self.language][choice])
            case "update_scheduled_date":
                return menu, self.say("20261214", _DATES[self.language])
            case "update_assignee":
                return menu, self.speak(self.rng.choice(_TECHNICIANS))
            case _:
                return menu, self.speak(self.rng.choice(_NOTES[self.language]))


def _happy(action: str) -> Callable[[_Caller], list[Answer]]:
    def story(who: _Caller) -> list[Answer]:
        return [who.spell(who.client), who.job(who.client), who.yes(), *who.choose(action), who.yes()]

    return story


def _any_action(who: _Caller) -> list[Answer]:
    return _happy(who.rng.choice(tuple(_MENU)))(who)


def _wrong_job_number(who: _Caller) -> list[Answer]:
    first, *rest = _any_action(who)
    return [first, who.spell(str(who.rng.randrange(90000, 99999))), *rest]


def _no_number(who: _Caller) -> list[Answer]:
    first, *rest = _any_action(who)
    return [first, who.speak("I do not have it here" if who.language == "en" else "no lo tengo aquí"), *rest]


def _other_clients_job(who: _Caller) -> list[Answer]:
    first, *rest = _any_action(who)
    return [first, who.spell(str(who.rng.choice(_READ_ONLY[1]))), *rest]


def _changed_mind(who: _Caller) -> list[Answer]:
    *asked, _ = _happy("update_status")(who)
    return [*asked, who.no(), *who.choose("add_note"), who.yes()]


def _unknown_client(who: _Caller) -> list[Answer]:
    return [who.spell(str(who.rng.randrange(700000, 800000))) for _ in range(3)]


def _silence(who: _Caller) -> list[Answer]:
    return [who.spell(who.client), Answer(), Answer(), Answer()]


def _five_failures(who: _Caller) -> list[Answer]:
    mumbled = Answer(speech="hm", confidence=0.2)
    menu = [who.job(who.client), who.say("8", "maybe later"), who.say("9", "who knows"), who.yes()]
    return [mumbled, Answer(), who.spell(who.client), *menu, mumbled]


def _hang_up(who: _Caller) -> list[Answer]:
    answers = _any_action(who)
    return answers[: who.rng.randrange(len(answers))]


def _not_permitted(who: _Caller) -> list[Answer]:
    client, jobs = _READ_ONLY
    who.at_keypad = False
    return [who.spell(client), who.spell(str(who.rng.choice(jobs))), who.yes(), *who.choose("update_status"), who.yes()]


def _unknown_assignee(who: _Caller) -> list[Answer]:
    *asked, menu, _, yes = _happy("update_assignee")(who)
    return [*asked, menu, who.speak("Casey Nowhere"), yes]


def _outage(who: _Caller) -> list[Answer]:
    who.at_keypad = False
    client, job = _BROKEN_JOB
    return [who.spell(client), who.spell(job), who.yes(), *who.choose("add_note"), who.yes(), who.yes(), who.no()]


STORIES: Final[Mapping[str, Callable[[_Caller], list[Answer]]]] = {
    **{action: _happy(action) for action in _MENU},
    "withheld_number": _any_action,
    "wrong_job_number": _wrong_job_number,
    "no_number": _no_number,
    "other_clients_job": _other_clients_job,
    "changed_mind": _changed_mind,
    "unknown_client": _unknown_client,
    "silence": _silence,
    "five_failures": _five_failures,
    "hang_up": _hang_up,
    "not_permitted": _not_permitted,
    "unknown_assignee": _unknown_assignee,
    "outage": _outage,
}
# After one call of each story, ordinary calls are the rule.
_MIX = (*STORIES, *5 * tuple(_MENU), "hang_up", "hang_up", "wrong_job_number", "silence", "withheld_number")


def plan_calls(calls: int, seed: int) -> list[CallPlan]:
    """The same calls each time for the same seed; each story once before any comes again.

    Args:
        calls: how many.
        seed: another seed, other calls with other ids.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up callers need no secrecy
    stories = list(islice(cycle(_MIX), calls))
    rng.shuffle(stories)
    return [_plan(story, rng) for story in stories]


def _plan(story: str, rng: random.Random) -> CallPlan:
    who = _Caller(rng)
    answers = tuple(STORIES[story](who))
    number = f"+1{rng.choice(_AREA_CODES)}55501{rng.randrange(100):02d}"
    if story == "withheld_number":
        number = rng.choice(_WITHHELD)
    name = None if story == "withheld_number" else rng.choice(_NAMES)
    call_sid = f"CA{rng.getrandbits(128):032x}"
    line = LINES[who.language]
    fields = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": call_sid,
        "CallStatus": "in-progress",
        "Called": line,
        "CalledCountry": "US",
        "Caller": number,
        "CallerCity": "",
        "CallerCountry": "US",
        "Direction": "inbound",
        "From": number,
        "FromCity": "",
        "FromCountry": "US",
        "StirVerstat": rng.choice(("TN-Validation-Passed-A", "TN-Validation-Passed-B", "No-TN-Validation")),
        "To": line,
        "ToCountry": "US",
    }
    if name is not None:
        fields["CallerName"] = name
    seconds = 6 + 6 * len(answers) + rng.randrange(10)
    return CallPlan(story, call_sid, fields, answers, seconds)
