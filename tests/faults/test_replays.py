"""What a client sends again out of its spool: whichever copy comes first is stored, the others are in the books as duplicates."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from pipeline import new_service, raw_record

from earwitness.clickhouse.server import Server
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

TOPIC = "audit.raw.data"


class Events:
    """Events of one producer, numbered from 1, and their copies."""

    def __init__(self) -> None:
        self.service = new_service()
        self._ids: dict[int, tuple[str, int]] = {}

    def copy(self, number: int, *, replayed: bool = False) -> bytes:
        event_id, occurred_at = self._ids.setdefault(number, (str(uuid.uuid4()), time.time_ns() // 1000))
        return raw_record(
            number=number,
            event_id=event_id,
            occurred_at=occurred_at,
            service=self.service,
            producer_id=self.service,
            sequence=number,
            replayed=replayed,
        )

    def copies(self, *numbers: int, replayed: bool = False) -> list[bytes]:
        return [self.copy(number, replayed=replayed) for number in numbers]


def duplicates(pipeline: Any) -> int:
    return sum(each["duplicates"] for each in pipeline.ledger()["balance"]["partitions"])


def test_each_event_is_stored_once_whichever_copy_comes_first(pipeline: Any) -> None:
    events, before = Events(), duplicates(pipeline)
    # Within one batch: unmarked first, marked twice, and marked before it came unmarked.
    first = [
        *events.copies(*range(1, 101)),
        *events.copies(*range(91, 121), replayed=True),
        *events.copies(*range(111, 131), replayed=True),
        *events.copies(119, 120),
    ]
    pipeline.write(TOPIC, first, partition=4)
    pipeline.wait_stored(events.service, 130)
    again = 10 + 10 + 2
    # What is stored already, with a sink that has just lost its memory, and with one that goes on.
    pipeline.kill("sink")
    pipeline.write(TOPIC, events.copies(*range(1, 51), replayed=True), partition=4)
    again += 50
    wait_for(lambda: duplicates(pipeline) == before + again, 60, pipeline.ledger)
    pipeline.write(TOPIC, [*events.copies(125, 126), *events.copies(*range(131, 141))], partition=4)
    again += 2
    pipeline.wait_stored(events.service, 140)
    pipeline.write(TOPIC, events.copies(*range(121, 151), replayed=True), partition=4)
    again += 20
    pipeline.wait_stored(events.service, 150)

    found = pipeline.assert_balanced()
    assert duplicates(pipeline) == before + again
    (book,) = (each for each in found["balance"]["partitions"] if (each["topic"], each["partition"]) == (TOPIC, 4))
    assert (book["masked"], book["stored"], book["duplicates"]) == (150 + again, 150, again)
    assert events.service not in {each["producer_id"] for each in found["balance"]["producers"]}
    (kind,) = (each for each in found["kinds"] if each["kind"] == "data.job_lookup")
    assert (kind["produced"] - kind["stored"], kind["duplicates"]) == (before + again, before + again)


def test_killed_again_and_again_each_event_is_stored_once(pipeline: Any) -> None:
    events, total = Events(), 3_000
    before, again = duplicates(pipeline), 0
    for start in range(1, total + 1, 1_000):
        span = range(start, start + 1_000)
        # Of every partition's own: copies of a call's events stand where the call's others do.
        for partition in range(3):
            own = [number for number in span if number % 3 == partition]
            replays = [number for number in range(max(1, start - 300), start + 1_000) if number % 3 == partition]
            pipeline.write(TOPIC, events.copies(*own), partition=partition)
            pipeline.write(TOPIC, events.copies(*replays, replayed=True), partition=partition)
            again += len(replays)
        pipeline.kill("sink" if start % 2_000 == 1 else "privacy")
        pipeline.kill("sink")
    pipeline.wait_stored(events.service, total)
    found = pipeline.assert_balanced()
    assert duplicates(pipeline) == before + again
    for each in found["kinds"]:
        outcomes = ("stored", "duplicates", "sampled", "dead", "lost", "in_flight", "unexplained")
        assert each["produced"] == sum(each[name] for name in outcomes)


def test_duplicates_are_seen_by_analysts_by_minute_and_since(pipeline: Any) -> None:
    events = Events()
    pipeline.write(TOPIC, events.copies(*range(1, 21)), partition=2)
    pipeline.wait_stored(events.service, 20)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    wait_for(lambda: time.gmtime() > time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ"))
    # Since then: replays of old ones, and of some that never came, behind which none is missing.
    pipeline.write(TOPIC, events.copies(3, 4, 21, 23, 22, replayed=True), partition=2)
    pipeline.write(TOPIC, events.copies(24, 25), partition=2)
    pipeline.wait_stored(events.service, 25)
    pipeline.assert_balanced()
    home = str(pipeline.home.path)
    found = json.loads(pipeline.run("ledger", "--home", home, "--json", "--minutes", "--since", moment).out)
    assert (found["unexplained"], found["balance"]["producers"]) == (0, [])
    assert sum(each["duplicates"] for each in found["balance"]["partitions"]) == 2
    assert sum(each["duplicates"] for each in found["minutes"]) >= 2  # of the whole minutes
    for each in found["minutes"]:
        outcomes = ("stored", "duplicates", "sampled", "dead", "lost", "in_flight", "unexplained")
        assert each["produced"] == sum(each[name] for name in outcomes), each

    analyst = Server(pipeline.settings("analyst").need_clickhouse())
    rows = analyst.rows(
        "SELECT sequence, kind, event_id IN (SELECT event_id FROM audit.events WHERE service = {service:String}) "
        "FROM audit.duplicates WHERE service = {service:String} ORDER BY sequence",
        {"service": events.service},
    )
    analyst.close()
    assert rows == [[3, "data.job_lookup", 1], [4, "data.job_lookup", 1]]
