"""What a caller meant: from recognised speech or keys to a client id, a number, a choice, a date, a name, a note.

Pure functions, English and Spanish. Each returns what was understood, or says which rule the answer breaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from voice_app.call_state import CallState, Heard

__all__ = ["MIN_CONFIDENCE", "Refusal", "asked_field", "understand"]

MIN_CONFIDENCE = 0.4
MAX_TEXT = 500

_DIGITS = {
    **dict.fromkeys(("zero", "oh", "cero"), "0"),
    **dict.fromkeys(("one", "uno"), "1"),
    **dict.fromkeys(("two", "dos"), "2"),
    **dict.fromkeys(("three", "tres"), "3"),
    **dict.fromkeys(("four", "cuatro"), "4"),
    **dict.fromkeys(("five", "cinco"), "5"),
    **dict.fromkeys(("six", "seis"), "6"),
    **dict.fromkeys(("seven", "siete"), "7"),
    **dict.fromkeys(("eight", "ocho"), "8"),
    **dict.fromkeys(("nine", "nueve"), "9"),
}
_YES_NO = {
    **dict.fromkeys(("1", "yes", "yeah", "yep", "correct", "right", "si", "correcto", "claro"), "yes"),
    **dict.fromkeys(("2", "no", "nope", "wrong", "incorrect", "incorrecto"), "no"),
}
_ACTIONS = {
    **dict.fromkeys(("1", "status", "estado"), "update_status"),
    **dict.fromkeys(("2", "date", "schedule", "reschedule", "fecha", "programar"), "update_scheduled_date"),
    **dict.fromkeys(("3", "assign", "assignee", "reassign", "asignar", "tecnico"), "update_assignee"),
    **dict.fromkeys(("4", "note", "nota"), "add_note"),
}
_STATUSES = {
    **dict.fromkeys(("1", "pending", "pendiente"), "pending"),
    **dict.fromkeys(("2", "progress", "started", "curso", "empezado"), "in_progress"),
    **dict.fromkeys(("3", "hold", "espera", "pausa"), "on_hold"),
    **dict.fromkeys(("4", "completed", "complete", "done", "finished", "completado", "terminado"), "completed"),
    **dict.fromkeys(("5", "cancelled", "canceled", "cancel", "cancelado"), "cancelled"),
}
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    )
    for number, name in enumerate(names.split(), start=1)
}


@dataclass(frozen=True)
class Refusal:
    """Why an answer does not do. `malformed` names the form that it breaks, if it breaks one."""

    rule: str
    malformed: str | None = None


def asked_field(state: CallState) -> str:
    """The field that the present stage asks for."""
    match state.stage:
        case "collect_client_id":
            return "client_id"
        case "collect_job_number":
            return "job_number"
        case "ask_action":
            return "action"
        case "collect_action_value":
            return {
                "update_status": "status",
                "update_scheduled_date": "scheduled_date",
                "update_assignee": "assignee",
                "add_note": "note",
            }[state.action or "add_note"]
        case _:
            return "confirmation"


def understand(field: str, heard: Heard) -> str | Refusal:
    """What an answer says about a field.

    Args:
        field: as `asked_field` names it.
        heard: the caller's answer.
    """
    text = (heard.text or "").strip()
    if heard.mode == "none" or not text:
        return Refusal("no_input")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text):
        return Refusal("pattern", "control")
    if len(text) > MAX_TEXT:
        return Refusal("length", "too_long")
    if heard.mode == "speech" and heard.confidence is not None and heard.confidence < MIN_CONFIDENCE:
        return Refusal("low_confidence")
    match field:
        case "client_id":
            return _client_id(text)
        case "job_number":
            return _job_number(text)
        case "confirmation":
            return _choice(text, _YES_NO)
        case "action":
            return _choice(text, _ACTIONS)
        case "status":
            return _choice(text, _STATUSES)
        case "scheduled_date":
            return _date(text)
        case "assignee":
            return _name(text)
        case _:
            return text


def _words(text: str) -> list[str]:
    """Lower case, without accents, split at whatever is neither letter nor digit."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def _spelled(text: str) -> str:
    """`A C M E one two` as a speech recogniser writes it, and as it is meant: acme12."""
    return "".join(_DIGITS.get(word, word) for word in _words(text))


def _client_id(text: str) -> str | Refusal:
    if not re.fullmatch(r"[\w\s.,-]+", text):
        return Refusal("pattern", "pattern")
    spelled = _spelled(text).upper()
    if not (spelled.isascii() and spelled.isalnum()):
        return Refusal("pattern", "pattern")
    if len(spelled) < 3:
        return Refusal("length", "too_short")
    return spelled if len(spelled) <= 50 else Refusal("length", "too_long")


def _job_number(text: str) -> str | Refusal:
    spelled = _spelled(text)
    if not re.fullmatch(r"[\w\s.,-]+", text) or not re.fullmatch(r"[0-9]+", spelled):
        return Refusal("pattern", "not_digits")
    return spelled if len(spelled) <= 20 else Refusal("length", "too_long")


def _choice(text: str, choices: Mapping[str, str]) -> str | Refusal:
    words = _words(text)
    if len(words) == 1:
        words = [_DIGITS.get(words[0], words[0])]
    meant = {choices[word] for word in words if word in choices}
    return meant.pop() if len(meant) == 1 else Refusal("not_in_list")


def _date(text: str) -> str | Refusal:
    """ISO (2026-12-01), eight keys (20261201), or words (December 1st 2026, 1 de diciembre de 2026)."""
    words = _words(text)
    if iso := re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", text):
        year, month, day = map(int, iso.groups())
    else:
        months = [_MONTHS[word] for word in words if word in _MONTHS]
        numbers = [int(found[0]) for word in words if (found := re.match(r"\d{1,4}", word))]
        if len(months) != 1 or len(numbers) != 2:
            return Refusal("pattern", "pattern")
        month, (day, year) = months[0], numbers
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return Refusal("pattern", "pattern")


def _name(text: str) -> str | Refusal:
    if not re.fullmatch(r"[^\W\d_]+(?:[ .'\u2019-]+[^\W\d_]+)*\.?", text):
        return Refusal("pattern", "pattern")
    return " ".join(text.split()) if len(text) <= 80 else Refusal("length", "too_long")
