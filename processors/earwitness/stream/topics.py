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
from time import monotonic

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.kafka_admin import Login, log_in
from earwitness.runtime.settings import KafkaSettings
from earwitness.runtime.topic_ids import Look, Topic, TopicChangedError, looking_client, unchanged

__all__ = ["Topics"]

logger = logging.getLogger(__name__)

_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 5.0


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
        self._known: dict[str, Topic] = {}
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
        self._client = looking_client(self._kafka)
        self._looked = monotonic()
        try:
            found = Look(self._client, self._kafka, self._names).found()
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
        look = Look(self._client, self._kafka, names)
        for name, found in look.found().items():
            known = self._known[name]
            topic = unchanged(name, known.id, found, self._complaints)
            if topic is not None and topic.partitions != known.partitions:
                raise TopicChangedError(
                    f"topic {name} has {topic.partitions} partitions now, it had {known.partitions}; starting anew"
                )
        self._looked = look.began


def _there(kafka: KafkaSettings, name: str, topic: Topic | None) -> Topic:
    if topic is None:
        raise UnavailableError(f"there is no topic {name} at {kafka.bootstrap}; run: earwitness topics apply")
    return topic
