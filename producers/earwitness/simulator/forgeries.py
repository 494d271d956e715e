"""Requests that are not Twilio's, or not any more: forged ones, and signed ones that something changed on their way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from earwitness.simulator.callers import ACCOUNT_SID
from earwitness.simulator.twilio import Twilio

__all__ = ["damage", "forge"]


def _form(call_sid: str) -> dict[str, str]:
    return {
        "AccountSid": ACCOUNT_SID,
        "CallSid": call_sid,
        "From": "+12025550199",
        "CallStatus": "in-progress",
        "Digits": "48200",
    }


async def forge(twilio: Twilio, number: int, call_sid: str) -> None:
    """A webhook by somebody who does not know the token: wrongly signed, or not at all."""
    url = f"{twilio.base_url}{('/voice', '/gather', '/status')[number % 3]}"
    form = _form(call_sid)
    signature = None if number % 2 else RequestValidator("guessed").compute_signature(url, form)
    await twilio.send(url, form, signature, {})


async def damage(twilio: Twilio, number: int, call_sid: str) -> None:
    """A webhook that Twilio did sign, and that a proxy in between passed on as something else."""
    ways: tuple[Callable[[], Awaitable[object]], ...] = (
        partial(_with_another_host, twilio, call_sid),
        partial(_with_its_query_resorted, twilio, call_sid),
        partial(_with_a_field_doubled, twilio, call_sid),
    )
    await ways[number % len(ways)]()


async def _with_another_host(twilio: Twilio, call_sid: str) -> None:
    form, url = _form(call_sid), f"{twilio.base_url}/voice"
    signature = twilio.sign(f"https://ivr.example{urlsplit(url).path}", form)
    await twilio.send(url, form, signature, {"X-Forwarded-Host": "ivr.example", "X-Forwarded-Proto": "https"})


async def _with_its_query_resorted(twilio: Twilio, call_sid: str) -> None:
    form, url = _form(call_sid), f"{twilio.base_url}/gather"
    await twilio.send(f"{url}?stage=ask_action&turn=3", form, twilio.sign(f"{url}?turn=3&stage=ask_action", form), {})


async def _with_a_field_doubled(twilio: Twilio, call_sid: str) -> None:
    form, url = _form(call_sid), f"{twilio.base_url}/status"
    await twilio.send(url, [*form.items(), ("CallStatus", "completed")], twilio.sign(url, form), {})
