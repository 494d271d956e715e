"""Which topic a name stands for now: a name can be given again to another topic, an id cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, admin_client, topic_id_bytes
from earwitness.runtime.settings import KafkaSettings

__all__ = ["Look", "Topic", "TopicChangedError", "looking_client", "unchanged"]


class TopicChangedError(EarwitnessError):
    """A topic is another one than at the start, or has more partitions: begin anew."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is: its id, 16 bytes, and how many partitions it has."""

    id: bytes
    partitions: int


def looking_client(kafka: KafkaSettings) -> AdminClient:
    """A client for `Look`."""
    return admin_client(kafka, **{"socket.timeout.ms": int(ANSWER_SECONDS * 1000)})


class Look:
    """A question about topics that is on its way to the broker.

    Args:
        client: a `looking_client`.
        kafka: whose broker, for what goes wrong.
        names: the topics.

    Attributes:
        began: when it was asked, on the monotonic clock.
    """

    def __init__(self, client: AdminClient, kafka: KafkaSettings, names: Sequence[str]) -> None:
        self.began = monotonic()
        self._bootstrap = kafka.bootstrap
        self._futures = client.describe_topics(TopicCollection(list(names)), request_timeout=ANSWER_SECONDS)

    @property
    def done(self) -> bool:
        """Whether `found` returns at once."""
        return all(future.done() for future in self._futures.values())

    def found(self) -> dict[str, Topic | None]:
        """Each topic; None when there is no such topic. Waits for the answer.

        Raises:
            UnavailableError: there was none.
        """
        found: dict[str, Topic | None] = {}
        for name, future in self._futures.items():
            try:
                topic = future.result(ANSWER_SECONDS + 1)
                found[name] = Topic(topic_id_bytes(topic.topic_id), len(topic.partitions))
            except (KafkaException, TimeoutError) as error:
                code = error.args[0].code() if isinstance(error, KafkaException) else None
                if code != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    reason = error.args[0].str() if isinstance(error, KafkaException) else "timed out"
                    raise UnavailableError(
                        f"cannot look up topic {name}: the broker at {self._bootstrap} does not answer ({reason}); "
                        "start it, or check the address"
                    ) from error
                found[name] = None
        return found


def unchanged(name: str, known_id: bytes, found: Topic | None, complaints: Complaints) -> Topic | None:
    """The topic that was looked up, if it is there; says now and again that it is gone.

    Raises:
        TopicChangedError: it is another one.
    """
    if found is None:
        complaints.say(
            f"gone {name}", "topic %s is gone; waiting until it is there again: earwitness topics apply", name
        )
        return None
    if found.id != known_id:
        raise TopicChangedError(f"topic {name} was deleted and made again; starting anew, from its beginning")
    return found
