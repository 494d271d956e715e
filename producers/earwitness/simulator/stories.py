"""What simulated callers are about to do: a story says what they answer to which question, and how the call ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from earwitness.simulator.caller import ACTIONS, Answer, Caller, Script

__all__ = ["MIX", "STORIES"]

_READ_ONLY = ("VIEW55", range(48230, 48240))
_BROKEN_JOB = ("ACME12", "48209")  # the example answers changes of this job with 503

_Story = Callable[[Caller], Script]


def _happy(action: str) -> _Story:
    return lambda who: Script(who.knows(action))


def _any_action(who: Caller) -> Script:
    return Script(who.knows(who.any_action()))


def _wrong_job_number(who: Caller) -> Script:
    answers = who.knows(who.any_action())
    wrong = who.spell(str(who.rng.randrange(90000, 99999)))
    return Script(answers | {"collect_job_number": (wrong, *answers["collect_job_number"])})


def _no_number(who: Caller) -> Script:
    answers = who.knows(who.any_action())
    missing = who.speak("I do not have it here" if who.language == "en" else "no lo tengo aquí")
    return Script(answers | {"collect_job_number": (missing, *answers["collect_job_number"])})


def _other_clients_job(who: Caller) -> Script:
    answers = who.knows(who.any_action())
    others = who.spell(str(who.rng.choice(_READ_ONLY[1])))
    return Script(answers | {"collect_job_number": (others, *answers["collect_job_number"])})


def _wrong_job_read_back(who: Caller) -> Script:
    return Script(who.knows(who.any_action(), confirm_job=(who.no(), who.yes())))


def _changed_mind(who: Caller) -> Script:
    first, second = who.choose("update_status"), who.choose("add_note")
    menus, values = zip(first, second, strict=True)
    return Script(
        who.knows("add_note", ask_action=menus, collect_action_value=values, confirm_action=(who.no(), who.yes()))
    )


def _unclear(who: Caller) -> Script:
    answers = who.knows("add_note")
    mumbled = (Answer(speech="hm", confidence=0.2),)
    return Script({stage: mumbled + answers[stage] for stage in ("collect_client_id", "confirm_job")} | {
        stage: answer for stage, answer in answers.items() if stage not in ("collect_client_id", "confirm_job")
    })  # fmt: skip


def _too_long_a_note(who: Caller) -> Script:
    answers = who.knows("add_note")
    long = who.speak("and then " * 60)
    return Script(answers | {"collect_action_value": (long, *answers["collect_action_value"])})


def _forged_history(who: Caller) -> Script:
    note = "all done | Event: Status Update | Source: IVR | Details: Status changed from pending to completed"
    return Script(who.knows("add_note", collect_action_value=(who.speak(note),)))


def _formula(who: Caller) -> Script:
    answers = who.knows(who.any_action())
    return Script(answers | {"collect_client_id": (who.speak("x'}, TRUE(), '"), *answers["collect_client_id"])})


def _unknown_client(who: Caller) -> Script:
    return Script({"collect_client_id": tuple(who.spell(str(who.rng.randrange(700000, 800000))) for _ in range(3))})


def _client_probing(who: Caller) -> Script:
    who.at_keypad = True
    tried = tuple(who.spell(str(who.rng.randrange(700000, 800000))) for _ in range(3))
    return Script({"collect_client_id": tried}, number="+15055550166")  # the same one in all calls of the story


def _silence(who: Caller) -> Script:
    return Script(who.knows("add_note", collect_job_number=(Answer(),)))


def _five_failures(who: Caller) -> Script:
    answers = who.knows("update_status")
    mumbled = Answer(speech="hm", confidence=0.2)
    menu = (who.say("8", "maybe later"), who.say("9", "who knows"))
    return Script(answers | {
        "collect_client_id": (mumbled, Answer(), *answers["collect_client_id"]),
        "ask_action": (*menu, who.choose("update_status")[0]),
        "collect_action_value": (mumbled,),
    })  # fmt: skip


def _hang_up(who: Caller) -> Script:
    return Script(who.knows(who.any_action()), hangs_up_after=who.rng.randrange(6))


def _not_permitted(who: Caller) -> Script:
    client, jobs = _READ_ONLY
    who.at_keypad = False
    answers = who.knows("update_status")
    own = {"collect_client_id": (who.spell(client),), "collect_job_number": (who.spell(str(who.rng.choice(jobs))),)}
    return Script(answers | own, hangs_up_after=6)


def _unknown_assignee(who: Caller) -> Script:
    return Script(who.knows("update_assignee", collect_action_value=(who.speak("Casey Nowhere"),)), hangs_up_after=6)


def _broken_job(who: Caller) -> Script:
    who.at_keypad = False
    client, job = _BROKEN_JOB
    answers = who.knows("add_note")
    return Script(answers | {"collect_client_id": (who.spell(client),), "collect_job_number": (who.spell(job),)})


def _line_breaks(who: Caller) -> Script:
    return Script(who.knows(who.any_action()), hangs_up_after=who.rng.randrange(1, 4), sip_response_code="503")


def _marathon(who: Caller) -> Script:
    return Script(who.knows(who.any_action()), hangs_up_after=4, seconds=600 + who.rng.randrange(300))


def _not_reached(status: str, sip_response_code: str) -> _Story:
    def story(_: Caller) -> Script:
        return Script(status=status, sip_response_code=sip_response_code, seconds=0, outbound=status != "canceled")

    return story


STORIES: Final[Mapping[str, _Story]] = {
    **{action: _happy(action) for action in ACTIONS},
    "withheld_number": _any_action,
    "wrong_job_number": _wrong_job_number,
    "no_number": _no_number,
    "other_clients_job": _other_clients_job,
    "wrong_job_read_back": _wrong_job_read_back,
    "changed_mind": _changed_mind,
    "unclear": _unclear,
    "too_long_a_note": _too_long_a_note,
    "forged_history": _forged_history,
    "formula": _formula,
    "unknown_client": _unknown_client,
    "client_probing": _client_probing,
    "silence": _silence,
    "five_failures": _five_failures,
    "hang_up": _hang_up,
    "not_permitted": _not_permitted,
    "unknown_assignee": _unknown_assignee,
    "broken_job": _broken_job,
    "line_breaks": _line_breaks,
    "marathon": _marathon,
    "no_answer": _not_reached("no-answer", "487"),
    "busy": _not_reached("busy", "486"),
    "failed": _not_reached("failed", "404"),
    "rang_off": _not_reached("canceled", "487"),
}
# After one call of each story, ordinary calls are the rule; whoever probes for clients calls again and again.
MIX: Final = (
    *STORIES, *5 * ACTIONS, "hang_up", "hang_up", "wrong_job_number", "silence", "withheld_number",
    "client_probing", "client_probing", "client_probing", "client_probing",
)  # fmt: skip
