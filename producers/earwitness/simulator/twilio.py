"""Twilio's form of a webhook: a signed POST, its fields in the body, sent again when it was not answered."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from twilio.request_validator import RequestValidator

__all__ = ["Fields", "Question", "Twilio"]

_AGAIN: Final = frozenset({500, 502, 503, 504})

Fields = Mapping[str, str] | Iterable[tuple[str, str]]


class Question:
    """What a TwiML document asks of the caller.

    Args:
        twiml: the app's answer to a webhook.

    Attributes:
        url: where the caller's answer goes; None: nothing is asked.
        stage: which question it is, as the app's own address says.
        rejected: whether the call is not taken at all.
    """

    def __init__(self, twiml: str) -> None:
        found = re.search(r'<Gather[^>]*\baction="([^"]*)"', twiml)
        self.url = html.unescape(found[1]) if found else None
        self.stage = parse_qs(urlsplit(self.url or "").query).get("stage", [""])[0]
        self.rejected = "<Reject" in twiml


class Twilio:
    """Sends webhooks to one app.

    Args:
        http: the connections.
        base_url: where the app is, as it knows itself.
        auth_token: with which webhooks are signed.

    Attributes:
        answers: how many requests the app answered with which HTTP status.
    """

    def __init__(self, http: aiohttp.ClientSession, base_url: str, auth_token: str) -> None:
        self.base_url = base_url
        self.answers: Counter[int] = Counter()
        self._http = http
        self._validator = RequestValidator(auth_token)

    def sign(self, url: str, fields: Fields) -> str:
        """The signature of a request. Every value of a field that occurs twice is in it."""
        return str(self._validator.compute_signature(url, _Values(_pairs(fields))))

    async def post(self, url: str, fields: Fields, *, times: int = 1) -> str:
        """Send a webhook, and send it again, a little later and in vain at most twice, when the app fails.

        Args:
            url: where to.
            fields: the form.
            times: how often it is sent although it was answered, all at once: as when the answers get lost.

        Returns:
            The answer's body.
        """
        signature = self.sign(url, fields)
        once = {"I-Twilio-Idempotency-Token": secrets.token_hex(16)}  # the same at each repetition
        answers = await asyncio.gather(*(self._until_answered(url, fields, signature, once) for _ in range(times)))
        return answers[0]

    async def send(
        self, url: str, fields: Fields, signature: str | None, headers: Mapping[str, str]
    ) -> tuple[int, str]:
        """One request; gives the status and the body of its answer."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "TwilioProxy/1.1", **headers}
        if signature is not None:
            headers["X-Twilio-Signature"] = signature
        async with self._http.post(url, data=urlencode(_pairs(fields)), headers=headers) as response:
            self.answers[response.status] += 1
            return response.status, await response.text()

    async def _until_answered(self, url: str, fields: Fields, signature: str, headers: Mapping[str, str]) -> str:
        text = ""
        for wait in (0.05, 0.2, None):
            status, text = await self.send(url, fields, signature, headers)
            if status not in _AGAIN or wait is None:
                break
            await asyncio.sleep(wait)
        return text


class _Values(dict[str, list[str]]):
    """All values of each field, as Twilio's validator asks for them."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getall(self, name: str) -> list[str]:
        """Every value of a field."""
        return self[name]


def _pairs(fields: Fields) -> list[tuple[str, str]]:
    return list(fields.items() if isinstance(fields, Mapping) else fields)
