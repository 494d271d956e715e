"""The topics that a stage reads, as they were when it started: a name can be given again, an id cannot.

A record's position is made of the id of its topic, but the consumer reads by name. So the ids are looked up before
anything is read and again behind each fetch, before anything is made of it. As an id never returns, what was fetched
between two looks that found the same one came from that topic. A topic that became another one ends the process: the
next one reads it from its beginning.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.kafka_admin import Login, admin_client, log_in, topic_id_bytes
from earwitness.runtime.settings import KafkaSettings

__all__ = ["TopicChangedError", "Topics"]

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 5.0


class TopicChangedError(EarwitnessError):
    """A topic is another one than at the start, or has more partitions: begin anew."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class _Topic:
    id: bytes
    partitions: int


class Topics:
    """The topics of one stage.

    Args:
        kafka: the broker, as the stage's own user.
        mirrors: by topic that is read, the topic into whose same partitions its outputs go, or None.

    Attributes:
        ids: by topic that is read, its id.
        held: partitions that cannot be read yet, because the topic behind has too few.
    """

    def __init__(self, kafka: KafkaSettings, mirrors: Mapping[str, str | None]) -> None:
        self._kafka = kafka
        self._mirrors = mirrors
        self._names = tuple({*mirrors, *(mirror for mirror in mirrors.values() if mirror is not None)})
        self._known: dict[str, _Topic] = {}
        self._looked = 0.0
        self._complaints = Complaints(logger)
        self.ids: dict[str, bytes] = {}
        self.held: dict[str, int] = {}

    def begin(self) -> None:
        """The first look, before anything is read.

        Raises:
            UnavailableError: the broker does not answer, or lacks one of the topics.
            EarwitnessError: it refuses the login.
        """
        self._client = _admin(self._kafka)
        self._looked = monotonic()
        try:
            found = _described(self._client, self._kafka, self._names)
        except UnavailableError:
            if log_in(self._kafka) is Login.REFUSED:
                raise EarwitnessError(
                    f"Kafka at {self._kafka.bootstrap} refuses the login of the user {self._kafka.username}: "
                    "authentication failed; check its password, or make the user"
                ) from None
            raise
        self._known = {name: _there(self._kafka, name, topic) for name, topic in found.items()}
        self.ids = {name: self._known[name].id for name in self._mirrors}
        for source, mirror in self._mirrors.items():
            if mirror is not None and self._known[source].partitions > self._known[mirror].partitions:
                self.held[source] = self._known[mirror].partitions

    async def confirm(self, topic: str, fetched: float, patience: float) -> bytes:
        """The id of the topic that records came from.

        Args:
            topic: its name.
            fetched: when they had arrived, on the monotonic clock.
            patience: how long to wait for a broker that does not answer, seconds.

        Raises:
            TopicChangedError: they may have come from another topic of that name.
            UnavailableError: the broker did not answer for so long.
        """
        deadline = monotonic() + patience
        while self._looked <= fetched:
            try:
                await asyncio.to_thread(self._look, tuple(self._mirrors))
            except UnavailableError:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
        return self._known[topic].id

    async def watch(self) -> None:
        """Look again and again, for what no fetch will tell. Ends by raising `TopicChangedError`."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for source, number in self.held.items():
                self._complaints.say(
                    f"held {source}",
                    "%s has %d partitions, %s only %d: what is in the others waits there; give it as many",
                    source,
                    self._known[source].partitions,
                    self._mirrors[source],
                    number,
                )
            try:
                await asyncio.to_thread(self._look, self._names)
            except UnavailableError as error:
                self._complaints.say("away", "%s; waiting for it", error)

    def _look(self, names: Sequence[str]) -> None:
        began = monotonic()
        for name, topic in _described(self._client, self._kafka, names).items():
            if topic is None:
                self._complaints.say(
                    f"gone {name}", "topic %s is gone; waiting until it is there again: earwitness topics apply", name
                )
                continue
            known = self._known[name]
            if topic.id != known.id:
                raise TopicChangedError(f"topic {name} was deleted and made again; starting anew, from its beginning")
            if topic.partitions != known.partitions:
                raise TopicChangedError(
                    f"topic {name} has {topic.partitions} partitions now, it had {known.partitions}; starting anew"
                )
        self._looked = began


def _admin(kafka: KafkaSettings) -> AdminClient:
    return admin_client(kafka, **{"socket.timeout.ms": int(_TIMEOUT_SECONDS * 1000)})


def _described(admin: AdminClient, kafka: KafkaSettings, names: Sequence[str]) -> dict[str, _Topic | None]:
    """Each topic; None when there is no such topic."""
    found: dict[str, _Topic | None] = {}
    futures = admin.describe_topics(TopicCollection(list(names)), request_timeout=_TIMEOUT_SECONDS)
    for name, future in futures.items():
        try:
            topic = future.result(_TIMEOUT_SECONDS + 1)
            found[name] = _Topic(topic_id_bytes(topic.topic_id), len(topic.partitions))
        except (KafkaException, TimeoutError) as error:
            code = error.args[0].code() if isinstance(error, KafkaException) else None
            if code != KafkaError.UNKNOWN_TOPIC_OR_PART:
                reason = error.args[0].str() if isinstance(error, KafkaException) else "timed out"
                raise UnavailableError(
                    f"cannot look up topic {name}: the broker at {kafka.bootstrap} does not answer ({reason}); "
                    "start it, or check the address"
                ) from error
            found[name] = None
    return found


def _there(kafka: KafkaSettings, name: str, topic: _Topic | None) -> _Topic:
    if topic is None:
        raise UnavailableError(f"there is no topic {name} at {kafka.bootstrap}; run: earwitness topics apply")
    return topic
