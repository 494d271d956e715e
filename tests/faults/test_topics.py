"""Topics that are deleted and made again, and partitions that are added, while everything runs and while nothing does."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline import emit, new_service, raw_record

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

RAW, MASKED = "audit.raw.data", "audit.masked.data"
SINK_BEGINS_ANEW = "INFO .*partitions assigned"


def settled(pipeline: Any, count: int) -> None:
    """Some events, stored, and committed by everybody: what is deleted now is not needed any more."""
    service = new_service()
    client = pipeline.client(service)
    emit(client, count)
    pipeline.wait_stored(service, count)
    assert client.close() == 0
    pipeline.assert_balanced()
    pipeline.wait_committed("earwitness-privacy", RAW)
    pipeline.wait_committed("earwitness-sink", MASKED)
    pipeline.mark()


def source_topics(pipeline: Any, service: str) -> list[str]:
    """The topic ids in the positions of a service's events."""
    sql = (
        "SELECT DISTINCT lower(hex(source_topic_id)) FROM store.events "
        "WHERE service = {service:String} AND kind = 'data.job_lookup'"
    )
    return [row[0] for row in pipeline.rows(sql, service=service)]


@pytest.mark.parametrize("count", [100, 3_000], ids=["fewer than before", "more than before"])
def test_raw_topic_deleted_and_made_again_under_running_workers(pipeline: Any, count: int) -> None:
    settled(pipeline, 600)
    before = pipeline.topic_id(RAW)
    pipeline.delete_topics(RAW)
    pipeline.make_topics()
    after = pipeline.topic_id(RAW)
    assert after != before
    service = new_service()
    client = pipeline.client(service)
    emit(client, count)
    assert client.flush(60) == 0
    pipeline.wait_said("privacy", f"ERROR .*topic {RAW} was deleted and made again; starting anew")
    pipeline.wait_stored(service, count)
    assert client.close() == 0
    assert source_topics(pipeline, service) == [after.hex()], (
        "an old id with new offsets would be another event's identity"
    )
    pipeline.assert_balanced()
    pipeline.assert_quiet("privacy", 4)


def test_an_app_s_client_goes_on_with_the_new_topic(pipeline: Any) -> None:
    service = new_service()
    client = pipeline.client(service)
    emit(client, 300)
    pipeline.wait_stored(service, 300)
    pipeline.assert_balanced()
    pipeline.delete_topics(RAW)
    emit(client, 100, 300)
    pipeline.make_topics()
    emit(client, 100, 400)
    assert client.flush(90) == 0
    stats = client.stats()
    assert stats.accepted == 500 == stats.acknowledged + sum(stats.dropped.values())
    pipeline.wait_stored(service, stats.acknowledged)
    assert client.close() == 0
    found = pipeline.assert_balanced()
    declared = {each["producer_id"]: each["lost"] for each in found["balance"]["producers"]}
    assert sum(count for name, count in declared.items() if name.startswith(service)) == sum(stats.dropped.values())


def test_the_ledger_s_and_the_dead_letters_topics_gone_and_back(pipeline: Any) -> None:
    settled(pipeline, 100)
    topics = "audit.ledger", "audit.dead-letters"
    for topic in topics:
        pipeline.wait_committed("earwitness-sink", topic)
    pipeline.delete_topics(*topics)
    service = new_service()
    pipeline.write(RAW, [raw_record(service=service), b"no record"], partition=1)
    line = pipeline.wait_said("privacy", "ERROR .*cannot produce to audit", 90)
    assert "see: earwitness topics plan" in line
    pipeline.make_topics()
    pipeline.wait_said("sink", SINK_BEGINS_ANEW)
    pipeline.wait_stored(service, 1)
    pipeline.assert_balanced()
    assert [found[4] for found in pipeline.letters()] == ["framing"]


def test_raw_topic_gone_for_a_while_holds_up_nothing_else(pipeline: Any) -> None:
    settled(pipeline, 100)
    pipeline.delete_topics(RAW)
    pipeline.wait_said("privacy", f"WARNING .*topic {RAW} is gone; waiting .*: earwitness topics apply")
    client = pipeline.client("others")
    for _ in range(50):
        client.call_started(direction="inbound", language="en")
    pipeline.wait_stored("others", 50)
    assert client.close() == 0
    pipeline.make_topics()
    pipeline.wait_said("privacy", "starting anew")
    settled(pipeline, 100)


def test_raw_topic_deleted_and_made_again_while_no_worker_runs(pipeline: Any) -> None:
    settled(pipeline, 600)
    service = new_service()
    with pipeline.away("privacy", "sink"):
        pipeline.delete_topics(RAW)
        pipeline.make_topics()
        client = pipeline.client(service)
        emit(client, 2_000)
        assert client.flush(60) == 0
    pipeline.wait_stored(service, 2_000)
    assert client.close() == 0
    assert source_topics(pipeline, service) == [pipeline.topic_id(RAW).hex()]
    pipeline.assert_balanced()


def test_masked_topic_deleted_and_made_again(pipeline: Any) -> None:
    settled(pipeline, 600)
    pipeline.delete_topics(MASKED)
    pipeline.make_topics()
    pipeline.wait_said("privacy", f"ERROR .*topic {MASKED} was deleted and made again; starting anew")
    pipeline.wait_said("sink", SINK_BEGINS_ANEW)
    service = new_service()
    client = pipeline.client(service)
    emit(client, 2_000)
    pipeline.wait_stored(service, 2_000)
    assert client.close() == 0
    pipeline.assert_balanced()
    pipeline.assert_quiet("privacy", 4)
    pipeline.assert_quiet("sink", 4)


def test_masked_topic_made_again_with_more_in_it_than_the_sink_had_read(pipeline: Any) -> None:
    """The sink sees it while it reads: what it passed over in the meantime it reads when it has begun anew."""
    settled(pipeline, 100)
    pipeline.delete_topics(MASKED)
    pipeline.make_topics()
    service = new_service()
    client = pipeline.client(service)
    emit(client, 3_000)
    pipeline.wait_said("sink", SINK_BEGINS_ANEW)
    pipeline.wait_stored(service, 3_000)
    assert client.close() == 0
    pipeline.assert_balanced()


def test_masked_topic_deleted_and_made_again_while_no_sink_runs(pipeline: Any) -> None:
    settled(pipeline, 600)
    service = new_service()
    with pipeline.away("sink"):
        pipeline.delete_topics(MASKED)
        pipeline.make_topics()
        client = pipeline.client(service)
        emit(client, 2_000)
        assert client.flush(60) == 0
        pipeline.wait_said("privacy", f"ERROR .*topic {MASKED} was deleted and made again; starting anew")
    pipeline.wait_stored(service, 2_000)
    assert client.close() == 0
    pipeline.assert_balanced()


def test_what_a_deleted_topic_took_with_it_is_missing_in_the_books(pipeline: Any) -> None:
    """Events that nobody had read yet: no worker can know of them, but their producer counted them."""
    settled(pipeline, 100)
    service = new_service()
    client = pipeline.client(service)
    with pipeline.away("privacy"):
        emit(client, 70)
        assert client.flush(60) == 0
        pipeline.delete_topics(RAW)
        pipeline.make_topics()
    emit(client, 30, 70)
    pipeline.wait_stored(service, 30)
    assert client.close() == 0
    pipeline.taken_away += 70
    found = pipeline.assert_balanced()
    [producer] = found["balance"]["producers"]
    assert (producer["missing"], producer["gaps"]) == (70, [[1, 70]])


def test_partition_added_to_the_raw_topic_first(pipeline: Any) -> None:
    raw, masked = RAW.replace("data", "system"), MASKED.replace("data", "system")
    pipeline.set_partitions(raw, 7)
    pipeline.wait_said("privacy", f"ERROR .*topic {raw} has 7 partitions now, it had 6; starting anew")
    pipeline.write(raw, [system_record("seventh")], partition=6)
    pipeline.wait_said(
        "privacy", f"WARNING .*{raw} has 7 partitions, {masked} only 6: what is in the others waits there"
    )
    pipeline.write(raw, [system_record("first")], partition=0)
    pipeline.wait_stored("first", 1)
    assert pipeline.stored("seventh") == (0, 0)
    assert pipeline.ledger(0)["in_flight"] == 1
    pipeline.set_partitions(masked, 7)
    pipeline.wait_said("privacy", f"ERROR .*topic {masked} has 7 partitions now")
    pipeline.wait_stored("seventh", 1)
    pipeline.assert_balanced()


def system_record(service: str) -> bytes:
    fields = {"dependency": "s3", "operation": "put", "outcome": "ok", "latency_ms": 1.0}
    record: bytes = raw_record("system.api_latency", service=service, **fields)
    return record
