"""What the app reads from its environment, once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voice_app.audited_jobs import RETRY_WAITS

__all__ = ["Settings", "WrongSettingError"]


class WrongSettingError(Exception):
    """A setting is missing or makes no sense; the message says which one and what to do."""


@dataclass(frozen=True)
class Settings:
    """Settings of the app.

    Attributes:
        public_base_url: how Twilio reaches the app, without a slash at the end: Twilio signs this address, not the one
            that a proxy in between makes of it.
        auth_token: Twilio's auth token, with which webhooks are signed.
        transfer_to: number of a person who takes over when a caller does not get on; None: the call ends.
        spanish_numbers: called numbers on which Spanish is spoken.
        retry_waits: waits before each retry of a request to Airtable, seconds.
        max_body_bytes: a larger webhook is refused unread.
    """

    public_base_url: str
    auth_token: str = field(repr=False)
    transfer_to: str | None = None
    spanish_numbers: frozenset[str] = frozenset()
    retry_waits: tuple[float, ...] = RETRY_WAITS
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
        try:
            retry_waits = tuple(float(wait) for wait in waits.split(",") if wait)
        except ValueError as error:
            raise WrongSettingError("VOICE_APP_RETRY_WAITS: give seconds, such as 1,2,4") from error
        numbers = environment.get("VOICE_APP_SPANISH_NUMBERS", "")
        return cls(
            public_base_url=environment.get("VOICE_APP_PUBLIC_BASE_URL", listens_on).rstrip("/"),
            auth_token=_token(environment.get("VOICE_APP_TWILIO_TOKEN_FILE")),
            transfer_to=environment.get("VOICE_APP_TRANSFER_TO") or None,
            spanish_numbers=frozenset(number.strip() for number in numbers.split(",") if number.strip()),
            retry_waits=retry_waits,
        )


def _token(path: str | None) -> str:
    if not path:
        raise WrongSettingError("VOICE_APP_TWILIO_TOKEN_FILE is not set: name a file with Twilio's auth token")
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongSettingError(f"VOICE_APP_TWILIO_TOKEN_FILE: {path} cannot be read: {error.strerror}") from error
    if not token:
        raise WrongSettingError(f"VOICE_APP_TWILIO_TOKEN_FILE: {path} is empty")
    return token
