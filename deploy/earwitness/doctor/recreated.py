"""Topics that were deleted and made again: a new topic has a new id, and the ledger remembers the old one's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from earwitness.clickhouse.server import Server
from earwitness.doctor.findings import Finding, note, ok, problem
from earwitness.runtime import kafka_admin, topics
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, explain
from earwitness.runtime.topic_names import RAW

__all__ = ["Ledgered", "check_recreated", "ledgered", "topic_ids"]

Ledgered = tuple[str, str, float, int]
"""A raw topic's name, its id (hex), when the ledger last spoke of it (Unix time), and how many of its positions it tells of."""

_LEDGERED = """
SELECT source_topic, lower(hex(source_topic_id)), max(toUnixTimestamp64Micro(toDateTime64(written_at, 6))) / 1e6,
    sum(last_offset - first_offset + 1)
FROM store.ledger FINAL GROUP BY source_topic, source_topic_id"""


def ledgered(server: Server) -> list[Ledgered]:
    """The topics that the ledger tells of.

    Raises:
        ServerError: this user may not ask, or there are no tables yet.
        NoAnswerError: ClickHouse does not answer.
    """
    return [(name, topic_id, last, count) for name, topic_id, last, count in server.rows(_LEDGERED)]


def topic_ids(admin: AdminClient) -> dict[str, str]:
    """The raw topics' ids (hex) at the broker, by name.

    Raises:
        UnavailableError: the broker does not answer.
        EarwitnessError: this user may not ask.
    """
    try:
        there = admin.list_topics(timeout=ANSWER_SECONDS).topics
        names = [spec.name for spec in topics.declared() if spec.name.startswith(RAW) and spec.name in there]
        return {name: topic_id.hex() for name, topic_id in kafka_admin.topic_ids(admin, names).items()}
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "reading the topics' ids") from error


def check_recreated(books: Iterable[Ledgered], ids: Mapping[str, str], now: datetime) -> list[Finding]:
    """A problem for as long as the old topic's records should still be there, a note afterwards.

    Args:
        books: what the ledger tells of.
        ids: the topics that the broker has.
        now: the time.
    """
    kept = {spec.name: timedelta(milliseconds=int(spec.config["retention.ms"])) for spec in topics.declared()}
    findings = []
    for name, topic_id, last, count in sorted(books):
        if name not in ids or ids[name] == topic_id:
            continue
        then = datetime.fromtimestamp(last, UTC)
        what = f"was deleted and made again after {then:%Y-%m-%d %H:%M:%S} UTC: Kafka has lost the old one's {count} records"
        do = (
            "run `earwitness ledger`: it tells whether all that was read of them is stored; what had not been read is gone. "
            "Take the right to delete topics from whoever did it"
        )
        tell = problem if now - then < kept.get(name, timedelta()) else note
        findings.append(tell("topics", name, what, do))
    return findings or [ok("topics", "topic ids", "none was deleted and made again")]
