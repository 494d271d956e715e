"""A sample of raw records for `earwitness review`: taken, masked, looked at a second time. What is returned is masked."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from earwitness.privacy.raw_schemas import NotAskedError, RawSchemas
from earwitness.privacy.report import DIFFERS, FieldReport, Reporter
from earwitness.privacy.second_look import Leftover, in_kept, in_masked
from earwitness.runtime.topic_names import RAW
from earwitness.schemas.errors import DatumError, UnknownSchemaError
from earwitness.stream.newest import Newest, NewestRecord

__all__ = ["Looked", "Review", "Reviewed", "take"]

MOST_LEFTOVERS = 100
"""Of one text that are looked for."""
_SLACK = 100


@dataclass(frozen=True)
class Looked:
    """One text of a record, masked, with what still looks like somebody's."""

    report: FieldReport
    leftovers: tuple[Leftover, ...]


@dataclass(frozen=True)
class Reviewed:
    """One record.

    Attributes:
        kind: of the event.
        position: topic:partition:offset.
        received_at: when the broker took it.
        fields: its texts that are masked, and those that should be.
    """

    kind: str
    position: str
    received_at: datetime
    fields: tuple[Looked, ...]


@dataclass
class Review:
    """All of it.

    Attributes:
        records: by kind, the newest first.
        unreadable: records that become dead letters, by reason.
    """

    records: list[Reviewed] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)

    @property
    def by_kind(self) -> Counter[str]:
        """How often each kind of personal data was replaced."""
        return Counter(finding.kind for looked in self._all() for finding in looked.report.findings)

    @property
    def by_rule(self) -> Counter[str]:
        """How often each rule said so."""
        return Counter(finding.rule for looked in self._all() for finding in looked.report.findings)

    @property
    def leftovers(self) -> int:
        """How much looks unmasked."""
        return sum(len(looked.leftovers) for looked in self._all())

    @property
    def disagreements(self) -> int:
        """Fields that the masker and the report do not agree about."""
        return self.by_rule[DIFFERS]

    def _all(self) -> list[Looked]:
        return [looked for record in self.records for looked in record.fields]


def take(newest: Newest, schemas: RawSchemas, reporter: Reporter, kinds: Sequence[str], most: int) -> Review:
    """Mask the newest records of some kinds.

    Args:
        newest: reads them.
        schemas: what they are.
        reporter: masks them, and says why.
        kinds: which kinds are wanted.
        most: how many of each.

    Raises:
        UnavailableError: the broker or the registry does not answer.
        EarwitnessError: this user may not read the raw topics, or one is missing.
    """
    review = Review()
    found: dict[str, list[NewestRecord]] = {kind: [] for kind in kinds}
    families = dict.fromkeys(kind.partition(".")[0] for kind in kinds)

    def is_enough(topic: str) -> bool:
        family = topic.removeprefix(RAW)
        return all(len(each) >= most for kind, each in found.items() if kind.startswith(f"{family}."))

    for record in newest.read([RAW + family for family in families], is_enough):
        try:
            kind = _kind(schemas, record.value or b"")
        except (DatumError, UnknownSchemaError) as error:
            review.unreadable[getattr(error, "reason", "unknown_schema")] += 1
            continue
        if kind in found:
            records = found[kind]
            records.append(record)
            if len(records) >= 2 * most + _SLACK:
                found[kind] = heapq.nlargest(most, records, key=_age)
    for kind, records in found.items():
        for record in heapq.nlargest(most, records, key=_age):
            _look(review, reporter, kind, record)
    return review


def _age(record: NewestRecord) -> tuple[int, str, int, int]:
    return record.timestamp, record.topic, record.partition, record.offset


def _kind(schemas: RawSchemas, value: bytes) -> str:
    try:
        return schemas.get(value).schema.kind
    except NotAskedError:
        schemas.ask([value])
        return schemas.get(value).schema.kind


def _look(review: Review, reporter: Reporter, kind: str, record: NewestRecord) -> None:
    try:
        reports = reporter.report(record.value or b"", record.timestamp)
    except (DatumError, UnknownSchemaError) as error:
        review.unreadable[getattr(error, "reason", "unknown_schema")] += 1
        return
    except Exception:  # noqa: BLE001 - as the worker does it: counted, and nothing of the record is told
        review.unreadable["stage_failed"] += 1
        return
    looked = [
        Looked(report, tuple(islice((in_kept if report.pii == "none" else in_masked)(report.text), MOST_LEFTOVERS)))
        for report in reports
    ]
    review.records.append(
        Reviewed(
            kind,
            f"{record.topic}:{record.partition}:{record.offset}",
            datetime.fromtimestamp(record.timestamp / 1000, UTC),
            tuple(each for each in looked if each.leftovers or (each.report.text and each.report.pii != "none")),
        )
    )
