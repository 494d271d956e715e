"""The topics that the sink reads: noticing that one was deleted and made again.

The consumer goes on at its offset in the new topic and passes over what stands below it. Nothing wrong is stored by that,
because an event's identity is its raw position, but something is missing. So each commit names its topic's id, and a
topic that became another one ends the process: the next one sees a commit that is not this topic's, and begins at its start.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from time import monotonic

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.settings import KafkaSettings
from earwitness.runtime.topic_ids import Look, looking_client, unchanged

__all__ = ["Topics"]

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0


class Topics:
    """Looks now and again, and never waits for the answer but in `begin`.

    Args:
        kafka: the broker, as the sink's own user.

    Attributes:
        ids: by topic that is read, its id.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._client = looking_client(kafka)
        self._look: Look | None = None
        self._looked = 0.0
        self._complaints = Complaints(logger)
        self.ids: dict[str, bytes] = {}

    def begin(self, names: Iterable[str]) -> None:
        """Learn the ids of topics, before anything of them is read.

        Raises:
            UnavailableError: the broker does not answer, or one of them is not there any more.
        """
        names = sorted(set(names))
        self._look, self.ids = None, {}
        for name, topic in Look(self._client, self._kafka, names).found().items() if names else ():
            if topic is None:
                raise UnavailableError(f"topic {name} is gone; run: earwitness topics apply")
            self.ids[name] = topic.id
        self._looked = monotonic()

    def look(self) -> None:
        """Ask, or take an answer that is there.

        Raises:
            TopicChangedError: a topic is not the one that it was.
        """
        if self._look is None:
            if self.ids and monotonic() - self._looked > _LOOK_SECONDS:
                self._look = Look(self._client, self._kafka, sorted(self.ids))
            return
        if not self._look.done:
            return
        look, self._look, self._looked = self._look, None, monotonic()
        try:
            found = look.found()
        except UnavailableError as error:
            self._complaints.say("away", "%s; waiting for it", error)
            return
        for name, topic in found.items():
            unchanged(name, self.ids[name], topic, self._complaints)
