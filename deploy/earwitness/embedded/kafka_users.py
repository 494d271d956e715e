"""Users of the embedded broker: each gets a SCRAM credential for its password."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # it re-exports without saying so
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, Login, admin_client, explain, log_in
from earwitness.runtime.settings import KafkaSettings, Secret

__all__ = ["ensure_users"]

_ITERATIONS = 4096


def ensure_users(kafka: KafkaSettings, users: Mapping[str, Secret]) -> None:
    """Make each user able to log in with its password: create it, change its password, or leave it as it is.

    Args:
        kafka: a super user's settings.
        users: name to password.

    Raises:
        UnavailableError: the broker does not answer, or a user cannot log in in the end.
        EarwitnessError: the broker refused the change.
    """
    admin = admin_client(kafka)
    wait = ANSWER_SECONDS + 1  # the client's own timeout comes first and says more
    try:
        # Asked for all users, it gives one future; asked for some, one for each, which fail where there is no such user.
        answer = cast("Future[dict[str, object]]", admin.describe_user_scram_credentials())
        known = answer.result(wait)
        # A login is the only way to see whether a password is the one given; it costs some milliseconds.
        stale = [
            name
            for name, password in users.items()
            if name not in known or log_in(_as(kafka, name, password)) is not Login.ACCEPTED
        ]
        if not stale:
            return
        upsertions: list[UserScramCredentialAlteration] = [_upsertion(name, users[name]) for name in stale]
        for future in admin.alter_user_scram_credentials(upsertions).values():
            future.result(wait)
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "making the Kafka users") from error
    for name in stale:
        _await_login(_as(kafka, name, users[name]))


def _upsertion(name: str, password: Secret) -> UserScramCredentialUpsertion:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, _ITERATIONS)
    return UserScramCredentialUpsertion(name, info, password.reveal().encode())


def _await_login(kafka: KafkaSettings) -> None:
    """A credential is committed by the controller first and known to the broker a moment later."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while log_in(kafka) is not Login.ACCEPTED:
        if time.monotonic() > deadline:
            raise UnavailableError(f"the Kafka user {kafka.username} was made but cannot log in at {kafka.bootstrap}")


def _as(kafka: KafkaSettings, name: str, password: Secret) -> KafkaSettings:
    return replace(kafka, sasl_mechanism="SCRAM-SHA-256", username=name, password=password)
