"""What the app reads from its environment, once, at start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.integrations.twilio import SignedWith
from voice_app.circuit import CircuitLimits
from voice_app.dependency import RETRY_WAITS

__all__ = ["Settings", "WrongSettingError"]


class WrongSettingError(Exception):
    """A setting is missing or makes no sense; the message says which one and what to do."""


@dataclass(frozen=True)
class Settings:
    """Settings of the app.

    Attributes:
        public_base_url: how Twilio reaches the app, without a slash at the end: Twilio signs this address, not the one
            that a proxy in between makes of it.
        signed_with: the tokens that webhooks are signed with.
        transfer_to: number of a person who takes over when a caller does not get on; None: the call ends.
        spanish_numbers: called numbers on which Spanish is spoken.
        retry_waits: waits before each retry of a request to Airtable, S3 or Twilio, seconds.
        circuit: when a dependency that does not answer is left alone.
        max_body_bytes: a larger webhook is refused unread.
    """

    public_base_url: str
    signed_with: SignedWith
    transfer_to: str | None = None
    spanish_numbers: frozenset[str] = frozenset()
    retry_waits: tuple[float, ...] = RETRY_WAITS
    circuit: CircuitLimits = field(default_factory=CircuitLimits)
    max_body_bytes: int = 64 * 1024

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, listens_on: str) -> Settings:
        """Read `VOICE_APP_…`.

        Args:
            environment: the process's environment.
            listens_on: the app's own address; its public one, unless VOICE_APP_PUBLIC_BASE_URL says otherwise.

        Raises:
            WrongSettingError: a setting is missing or makes no sense.
        """
        waits = environment.get("VOICE_APP_RETRY_WAITS", ",".join(map(str, RETRY_WAITS)))
        open_seconds = environment.get("VOICE_APP_CIRCUIT_OPEN_SECONDS", str(CircuitLimits().open_seconds))
        numbers = environment.get("VOICE_APP_SPANISH_NUMBERS", "")
        return cls(
            public_base_url=environment.get("VOICE_APP_PUBLIC_BASE_URL", listens_on).rstrip("/"),
            signed_with=_tokens(environment.get("VOICE_APP_TWILIO_TOKEN_FILE")),
            transfer_to=environment.get("VOICE_APP_TRANSFER_TO") or None,
            spanish_numbers=frozenset(number.strip() for number in numbers.split(",") if number.strip()),
            retry_waits=tuple(_seconds("VOICE_APP_RETRY_WAITS", wait) for wait in waits.split(",") if wait),
            circuit=CircuitLimits(open_seconds=_seconds("VOICE_APP_CIRCUIT_OPEN_SECONDS", open_seconds)),
        )


def _seconds(name: str, text: str) -> float:
    if not re.fullmatch(r"\s*[0-9]{1,4}(\.[0-9]+)?\s*", text):
        raise WrongSettingError(f"{name}: {text!r} is no number of seconds, such as 1 or 0.5")
    return float(text)


def _tokens(path: str | None) -> SignedWith:
    """The file's first line is the account's token; each further line a sub-account's AccountSid and its token."""
    if not path:
        raise WrongSettingError("VOICE_APP_TWILIO_TOKEN_FILE is not set: name a file with Twilio's auth token")
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise WrongSettingError(f"VOICE_APP_TWILIO_TOKEN_FILE: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongSettingError(f"VOICE_APP_TWILIO_TOKEN_FILE: {path} holds no text") from error
    token, *others = [line.split() for line in lines if line.strip()] or [[]]
    if len(token) != 1:
        raise WrongSettingError(
            f"VOICE_APP_TWILIO_TOKEN_FILE: {path} is empty, or its first line is not one token alone"
        )
    if any(len(other) != 2 or not other[0].startswith("AC") for other in others):
        raise WrongSettingError(
            f"VOICE_APP_TWILIO_TOKEN_FILE: {path}: after the first line, give a sub-account's AccountSid and its token"
        )
    return SignedWith(token[0], dict(others))
