"""What the caller hears: texts in English and Spanish, and the TwiML around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlencode

from twilio.twiml.voice_response import Gather, VoiceResponse

from voice_app.call_state import Apology, Asked, CallState, Stage
from voice_app.jobs import Action

__all__ = ["Replies", "asked_in"]

ANSWER_SECONDS = 5
_VOICES = {"en": "en-US", "es": "es-US"}

_QUESTIONS: dict[str, dict[str, str]] = {
    "en": {
        "collect_client_id": "Please say or enter your client I D.",
        "collect_job_number": "Please say or enter the job number, then press pound.",
        "confirm_job": "Job {number} at {location}, status {status}, planned for {date}, assigned to {assignee}. "
        "Is that the right job? Say yes or press 1, say no or press 2.",
        "ask_action": "What would you like to change? Press 1 for the status, 2 for the date, 3 for the technician, "
        "4 to add a note.",
        "update_status": "Press 1 for pending, 2 for in progress, 3 for on hold, 4 for completed, 5 for cancelled.",
        "update_scheduled_date": "Say the new date with its year, or enter year, month and day as eight digits.",
        "update_assignee": "Who takes the job over? Please say first and last name.",
        "add_note": "Please say your note.",
        "confirm_action": "I understood: {value}. Shall I save it? Press 1 for yes, 2 for no.",
        "error_recovery": "Something went wrong on our side. Press 1 to try again, 2 to end the call.",
        "completed": "It is saved. Goodbye.",
        "transferred": "I will put you through to a colleague.",
        "goodbye": "I am sorry that it did not work. Please call again later. Goodbye.",
    },
    "es": {
        "collect_client_id": "Diga o marque su identificador de cliente.",
        "collect_job_number": "Diga o marque el número de trabajo y pulse almohadilla.",
        "confirm_job": "Trabajo {number} en {location}, estado {status}, previsto para {date}, asignado a {assignee}. "
        "¿Es el trabajo correcto? Diga sí o pulse 1, diga no o pulse 2.",
        "ask_action": "¿Qué desea cambiar? Pulse 1 para el estado, 2 para la fecha, 3 para el técnico, "
        "4 para añadir una nota.",
        "update_status": "Pulse 1 para pendiente, 2 en curso, 3 en espera, 4 completado, 5 cancelado.",
        "update_scheduled_date": "Diga la nueva fecha con el año, o marque año, mes y día con ocho cifras.",
        "update_assignee": "¿Quién se hace cargo? Diga nombre y apellido.",
        "add_note": "Diga su nota.",
        "confirm_action": "He entendido: {value}. ¿Lo guardo? Pulse 1 para sí, 2 para no.",
        "error_recovery": "Ha fallado algo por nuestra parte. Pulse 1 para reintentar, 2 para terminar.",
        "completed": "Guardado. Adiós.",
        "transferred": "Le paso con un compañero.",
        "goodbye": "Siento que no haya funcionado. Llame más tarde, por favor. Adiós.",
    },
}
_APOLOGIES: dict[str, dict[Apology, str]] = {
    "en": {
        "not_understood": "Sorry, I did not get that.",
        "not_found": "Sorry, I cannot find that.",
        "not_allowed": "Sorry, that is not allowed for your company.",
        "not_accepted": "Sorry, that value is not accepted.",
        "start_again": "Sorry, I lost the thread. Let us start again.",
    },
    "es": {
        "not_understood": "Perdón, no le he entendido.",
        "not_found": "Perdón, no lo encuentro.",
        "not_allowed": "Perdón, su empresa no tiene permiso.",
        "not_accepted": "Perdón, ese valor no se acepta.",
        "start_again": "Perdón, he perdido el hilo. Empecemos de nuevo.",
    },
}
_STATUSES: dict[str, dict[str, str]] = {
    "en": {"in_progress": "in progress", "on_hold": "on hold"},
    "es": {
        "pending": "pendiente",
        "in_progress": "en curso",
        "on_hold": "en espera",
        "completed": "completado",
        "cancelled": "cancelado",
    },
}


class Replies:
    """Turns the state of a call into TwiML.

    Args:
        public_base_url: where Twilio is to send what the caller answers.
        transfer_to: who takes over when a caller does not get on.
    """

    def __init__(self, *, public_base_url: str, transfer_to: str | None) -> None:
        self._gather_url = f"{public_base_url}/gather"
        self._recording_url = f"{public_base_url}/recording"
        self._transfer_to = transfer_to

    def welcome(self, state: CallState) -> str:
        """The first question of a call, which is recorded from here on."""
        if state.stage == "goodbye":
            return self.after(state)
        response = VoiceResponse()
        response.start().recording(recording_status_callback=self._recording_url)
        self._ask(response, state, _question(state))
        return str(response)

    def after(self, state: CallState) -> str:
        """The next question, or the last words."""
        response = VoiceResponse()
        if state.ending == "busy":
            response.reject(reason="busy")
        elif state.stage == "goodbye":
            text, voice = _QUESTIONS[state.language], _VOICES[state.language]
            response.say(text.get(state.ending or "", text["goodbye"]), language=voice)
            if state.ending == "transferred" and self._transfer_to:
                response.dial(self._transfer_to)
                response.say(text["goodbye"], language=voice)  # heard when nobody takes the call over
            response.hangup()
        else:
            apology = f"{_APOLOGIES[state.language][state.apology]} " if state.apology else ""
            self._ask(response, state, apology + _question(state))
        return str(response)

    def over(self) -> str:
        """For a call that has ended already: nobody hears it."""
        response = VoiceResponse()
        response.hangup()
        return str(response)

    def _ask(self, response: VoiceResponse, state: CallState, question: str) -> None:
        gather: Gather = response.gather(
            input="dtmf speech",
            action=f"{self._gather_url}?{_asked(state)}",
            method="POST",
            timeout=ANSWER_SECONDS,
            speech_timeout="auto",
            language=_VOICES[state.language],
            action_on_empty_result=True,  # silence counts as a failed try, so it has to reach the app
        )
        gather.say(question, language=_VOICES[state.language])


def _asked(state: CallState) -> str:
    """What `asked_in` reads when the answer comes. Twilio keeps addresses in its log: nothing personal in here."""
    asked = {"stage": state.stage, "turn": state.turn, "began": int(state.started_at), "failures": state.failures}
    return urlencode(asked)


def asked_in(query: Mapping[str, str]) -> Asked:
    """Which question an answer belongs to, from the query of the address that it came to."""
    stage = query.get("stage")
    return Asked(
        stage=next((one for one in get_args(Stage) if one == stage), None),
        turn=_count(query.get("turn")),
        began=_count(query.get("began"), digits=10),
        failures=_count(query.get("failures")) or 0,
    )


def _count(value: str | None, *, digits: int = 9) -> int | None:
    return int(value) if value is not None and re.fullmatch(rf"[0-9]{{1,{digits}}}", value) else None


def _question(state: CallState) -> str:
    key: str | Action = state.stage
    if state.stage == "collect_action_value" and state.action is not None:
        key = state.action
    job = state.job
    return _QUESTIONS[state.language][key].format(
        number=job.number if job else "",
        location=job.location if job else "",
        status=_spoken(job.status, state.language) if job else "",
        date=job.scheduled_date if job else "",
        assignee=job.assignee if job else "",
        value=_spoken(state.value or "", state.language) if state.action == "update_status" else state.value,
    )


def _spoken(status: str, language: str) -> str:
    return _STATUSES[language].get(status, status)
