"""Talking to a broker as an administrator: a quiet client, a login that says why it failed, errors in one line."""

from __future__ import annotations

import enum
import struct
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
    Uuid,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from earwitness.runtime.errors import EarwitnessError, SettingsError, UnavailableError
from earwitness.runtime.settings import KafkaSettings

__all__ = [
    "ANSWER_SECONDS",
    "Login",
    "admin_client",
    "committed_offsets",
    "explain",
    "is_away",
    "is_refused",
    "log_in",
    "of_group",
    "topic_id_bytes",
    "topic_ids",
    "waiting_for",
    "watermarks",
]

T = TypeVar("T")

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""

ANSWER_SECONDS = 10.0
"""How long one administrative request may take."""

_STEP_SECONDS = 0.02

_AWAY = {KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE}  # noqa: SLF001 - how confluent-kafka names librdkafka's own codes
_NO_COORDINATOR = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
_COORDINATOR_SECONDS = 0.2
_FORBIDDEN = {
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
}


class Login(enum.Enum):
    """What came of a login."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    AWAY = "away"


def admin_client(kafka: KafkaSettings, **more: Any) -> AdminClient:
    """A client that keeps librdkafka's own log lines to itself: what goes wrong is told by the call that fails.

    Raises:
        SettingsError: librdkafka does not take the settings.
    """
    try:
        return AdminClient({**_config(kafka), **more})
    except KafkaException as error:
        raise SettingsError(f"these Kafka settings cannot be used: {error.args[0].str()}") from error


def log_in(kafka: KafkaSettings, *, seconds: float = 2.0) -> Login:
    """Connect with these settings and ask one question that every user may ask.

    librdkafka shows a wrong password only as a request that timed out; the reason goes to the error callback.

    Raises:
        SettingsError: librdkafka does not take the settings.
    """
    refusals: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - see above
            refusals.append(error)

    admin = admin_client(kafka, error_cb=note)
    answer = admin.describe_cluster(request_timeout=seconds)
    deadline = time.monotonic() + seconds
    while not answer.done() and not refusals and time.monotonic() < deadline:
        admin.poll(_STEP_SECONDS)
    if refusals:
        return Login.REFUSED
    return Login.ACCEPTED if answer.done() and answer.exception() is None else Login.AWAY


def topic_id_bytes(uuid: Uuid) -> bytes:
    """A topic's id as 16 bytes: Kafka's Uuid is two big-endian longs."""
    known: Any = uuid
    return struct.pack(">qq", known.get_most_significant_bits(), known.get_least_significant_bits())


def topic_ids(admin: AdminClient, topics: Sequence[str], seconds: float = ANSWER_SECONDS) -> dict[str, bytes]:
    """The ids of topics, 16 bytes each; the broker has so long to answer.

    Raises:
        KafkaException, TimeoutError: see `explain`.
    """
    if not topics:
        return {}
    found = admin.describe_topics(TopicCollection(list(topics)), request_timeout=seconds)
    return {name: topic_id_bytes(each.result(seconds + 1).topic_id) for name, each in found.items()}


def watermarks(admin: AdminClient, partitions: Sequence[TopicPartition]) -> dict[Place, tuple[int, int]]:
    """Of each partition the first offset that is there, and the next one to be written.

    Raises:
        KafkaException, TimeoutError: see `explain`.
    """
    spec: Any = OffsetSpec
    first, end = (admin.list_offsets(dict.fromkeys(partitions, which)) for which in (spec.earliest(), spec.latest()))
    wait = ANSWER_SECONDS + 1
    return {
        (each.topic, each.partition): (first[each].result(wait).offset, end[each].result(wait).offset) for each in first
    }


def of_group(ask: Callable[[], Future[T]]) -> T:
    """The answer of a group's coordinator; asked again while a broker that has just started has not found it yet.

    Raises:
        KafkaException, TimeoutError: see `explain`.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return ask().result(ANSWER_SECONDS + 1)
        except KafkaException as error:
            if error.args[0].code() not in _NO_COORDINATOR or time.monotonic() > deadline:
                raise
        time.sleep(_COORDINATOR_SECONDS)


def committed_offsets(admin: AdminClient, group: str, partitions: Sequence[TopicPartition]) -> dict[Place, int]:
    """What a group has committed of each partition; negative where nothing.

    Raises:
        KafkaException, TimeoutError: see `explain`.
    """
    asked = ConsumerGroupTopicPartitions(group, list(partitions))
    found = of_group(lambda: admin.list_consumer_group_offsets([asked])[group])
    return {(each.topic, each.partition): each.offset for each in found.topic_partitions}


def explain(error: KafkaException | TimeoutError, doing: str) -> EarwitnessError:
    """What to raise for an error of the client; `doing` says what was tried, as in "reading the topics"."""
    if isinstance(error, TimeoutError):
        return UnavailableError(f"{doing}: the broker does not answer; is it overloaded?")
    reason: KafkaError = error.args[0]
    if is_away(reason):
        return UnavailableError(
            f"{doing}: the broker cannot be reached or refuses the login; check its address, the Kafka user and its password",
        )
    if reason.code() in _FORBIDDEN:
        return EarwitnessError(f"{doing}: this Kafka user may not do that; log in as an administrator")
    return EarwitnessError(f"{doing}: {reason.str().rstrip(': ')} ({reason.name()})")


def is_away(error: KafkaError) -> bool:
    """Whether it says that no broker can be reached, rather than what a broker answered."""
    return error.code() in _AWAY


def is_refused(error: KafkaError) -> bool:
    """Whether a broker refused the login; one that goes down in the middle of it comes under the same code."""
    codes = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}  # noqa: SLF001 - see above
    return error.code() in codes and "transport failure" not in error.str()


def waiting_for(bootstrap: str, error: KafkaError) -> tuple[str, str, str]:
    """What a worker logs while no broker answers: a format and its values."""
    return "the broker at %s does not answer (%s); waiting for it, nothing is lost", bootstrap, error.str()


def _config(kafka: KafkaSettings) -> dict[str, Any]:
    return {**kafka.librdkafka(), "log_level": 0, "socket.timeout.ms": int(ANSWER_SECONDS * 1000)}
