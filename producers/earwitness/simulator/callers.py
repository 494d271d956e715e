"""Who calls: a number of calls from a seed, each with a story."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

from earwitness.simulator.caller import Caller, Script
from earwitness.simulator.stories import MIX, STORIES

__all__ = ["ACCOUNT_SID", "LINES", "CallPlan", "plan_calls"]

ACCOUNT_SID: Final = "AC" + "5e" * 16
LINES: Final = {"en": "+12025550100", "es": "+12025550101"}

_AREA_CODES = ("202", "212", "303", "312", "415", "505", "617", "713")
_NAMES = ("ROBIN VALE", "SAM HOLLIS", "NOOR AZIZ", "LUCIA MORENO", "PAT QUILL", "DIEGO RUIZ", "IDA BERG", None)
_WITHHELD = ("anonymous", "unavailable", "restricted", "+266696687")


@dataclass(frozen=True)
class CallPlan:
    """One call from beginning to end.

    Attributes:
        story: what it is about, one of STORIES.
        call_sid: Twilio's id for it.
        fields: what every webhook of the call carries.
        twice: fields that every webhook carries besides, some of them twice.
        script: what the caller does.
    """

    story: str
    call_sid: str
    fields: Mapping[str, str]
    twice: tuple[tuple[str, str], ...]
    script: Script


def plan_calls(calls: int, seed: int) -> list[CallPlan]:
    """The same calls each time for the same seed; each story once before any comes again.

    Args:
        calls: how many.
        seed: another seed, other calls with other ids.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up callers need no secrecy
    stories = list(islice(cycle(MIX), calls))
    rng.shuffle(stories)
    return [_plan(story, rng) for story in stories]


def _plan(story: str, rng: random.Random) -> CallPlan:
    who = Caller(rng)
    script = STORIES[story](who)
    number = script.number or f"+1{rng.choice(_AREA_CODES)}55501{rng.randrange(100):02d}"
    if story == "withheld_number":
        number = rng.choice(_WITHHELD)
    name = None if story == "withheld_number" else rng.choice(_NAMES)
    call_sid = f"CA{rng.getrandbits(128):032x}"
    line = LINES[who.language]
    caller, called = (line, number) if script.outbound else (number, line)
    fields = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": call_sid,
        "CallStatus": "in-progress",
        "Called": called,
        "CalledCountry": "US",
        "Caller": caller,
        "CallerCity": "",
        "CallerCountry": "US",
        "Direction": "outbound-api" if script.outbound else "inbound",
        "From": caller,
        "FromCity": "",
        "FromCountry": "US",
        "StirVerstat": rng.choice(("TN-Validation-Passed-A", "TN-Validation-Passed-B", "No-TN-Validation")),
        "To": called,
        "ToCountry": "US",
    }
    if name is not None:
        fields["CallerName"] = name
    # Headers of a SIP trunk come as fields, and one that it sent twice comes twice.
    twice = (("SipHeader_X-Branch", "north"), ("SipHeader_X-Branch", "yard 2")) if rng.random() < 0.15 else ()
    return CallPlan(story, call_sid, fields, twice, script)
