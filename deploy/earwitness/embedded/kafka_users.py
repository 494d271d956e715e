"""Users of the embedded broker: SCRAM credentials, and a login that tells a refused password from a broker that is away."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it re-exports without saying so
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.settings import KafkaSettings, Secret

__all__ = ["Login", "ensure_users", "log_in"]

_ITERATIONS = 4096
_STEP_SECONDS = 0.02
_SECONDS = 10.0


class Login(enum.Enum):
    """What came of a login."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    AWAY = "away"


def log_in(kafka: KafkaSettings, *, seconds: float = 2.0) -> Login:
    """Connect with these settings and ask one question that every user may ask.

    librdkafka itself shows a wrong password only as a request that timed out; the reason goes to the error callback.
    """
    refusals: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - how confluent-kafka names its own codes
            refusals.append(error)

    admin = AdminClient(_quiet(kafka) | {"error_cb": note})
    answer = admin.describe_cluster(request_timeout=seconds)
    deadline = time.monotonic() + seconds
    while not answer.done() and not refusals and time.monotonic() < deadline:
        admin.poll(_STEP_SECONDS)
    if refusals:
        return Login.REFUSED
    return Login.ACCEPTED if answer.done() and answer.exception() is None else Login.AWAY


def ensure_users(kafka: KafkaSettings, users: Mapping[str, Secret]) -> None:
    """Make each user able to log in with its password: create it, change its password, or leave it as it is.

    Args:
        kafka: a super user's settings.
        users: name to password.

    Raises:
        UnavailableError: the broker does not answer, or a user cannot log in in the end.
        EarwitnessError: the broker refused the change.
    """
    admin = AdminClient(_quiet(kafka))
    try:
        # Asked for all users, it gives one future; asked for some, one for each, which fail where there is no such user.
        answer = cast("Future[dict[str, object]]", admin.describe_user_scram_credentials(request_timeout=_SECONDS))
        known = answer.result(_SECONDS + 1)
        stale = [
            name
            for name, password in users.items()
            # A login is the only way to see whether a password is the one given; it costs some milliseconds.
            if name not in known or log_in(_as(kafka, name, password)) is not Login.ACCEPTED
        ]
        if not stale:
            return
        upsertions: list[UserScramCredentialAlteration] = [_upsertion(name, users[name]) for name in stale]
        for future in admin.alter_user_scram_credentials(upsertions, request_timeout=_SECONDS).values():
            future.result(_SECONDS + 1)
    except KafkaException as error:
        raise _told(error) from error
    except TimeoutError as error:
        raise UnavailableError(f"the broker at {kafka.bootstrap} does not answer; see: earwitness status") from error
    for name in stale:
        _await_login(_as(kafka, name, users[name]))


def _upsertion(name: str, password: Secret) -> UserScramCredentialUpsertion:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, _ITERATIONS)
    return UserScramCredentialUpsertion(name, info, password.reveal().encode())


def _await_login(kafka: KafkaSettings) -> None:
    """A credential is committed by the controller first and known to the broker a moment later."""
    deadline = time.monotonic() + _SECONDS
    while log_in(kafka) is not Login.ACCEPTED:
        if time.monotonic() > deadline:
            raise UnavailableError(f"user {kafka.username} was made but cannot log in at {kafka.bootstrap} after 10 s")


def _as(kafka: KafkaSettings, name: str, password: Secret) -> KafkaSettings:
    return replace(kafka, sasl_mechanism="SCRAM-SHA-256", username=name, password=password)


def _quiet(kafka: KafkaSettings) -> dict[str, Any]:
    return {**kafka.librdkafka(), "log_level": 0, "socket.timeout.ms": 10_000}


def _told(error: KafkaException) -> EarwitnessError:
    reason: KafkaError = error.args[0]
    if reason.code() in {KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}:  # noqa: SLF001
        return UnavailableError(f"the broker does not answer: {reason.str()}; see: earwitness status")
    return EarwitnessError(f"the broker refused to change users: {reason.str()}")
