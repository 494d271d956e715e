"""Records that are none: each becomes a dead letter with its reason, its bytes sealed, and the others are stored."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from pipeline import raw_record

from earwitness.schemas import catalogue, codec
from earwitness.stream import QuarantineKey, open_sealed
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

RAW, MASKED = "audit.raw.data", "audit.masked.data"
WHOLE = raw_record(service="damaged")
STARTED = raw_record("call.started", service="damaged", direction="inbound", language="en")
# 13 bytes a line become 34, for a number's token is longer: within a megabyte before, beyond two of them after.
MANY_LINES = raw_record(
    "data.history_append",
    service="damaged",
    record_id="r",
    job_number="1",
    lines=["415-555-0134"] * 75_000,
    lines_added=1,
    total_length=1,
)
NOBODY = bytes.fromhex("007fabcdef")


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        pytest.param(None, "framing", "has no value", id="tombstone"),
        pytest.param(b"", "framing", "", id="empty"),
        pytest.param(b"{'kind': 'data.job_lookup'}", "framing", "", id="no frame"),
        pytest.param(WHOLE[:3], "framing", "", id="half a frame"),
        pytest.param(NOBODY + WHOLE[5:], "unknown_schema", "no raw schema has the id 2141965807", id="unknown schema"),
        pytest.param(WHOLE[:-4], "truncated", "", id="truncated"),
        pytest.param(WHOLE[:5], "truncated", "", id="only a frame"),
        pytest.param(WHOLE + b"\x00", "malformed", "", id="bytes left over"),
        pytest.param(WHOLE[:5] + random.Random(5).randbytes(300), "malformed", "", id="garbage behind a good frame"),
        pytest.param(STARTED, "malformed", "not of the family 'data'", id="another family's event"),
        pytest.param(MANY_LINES, "too_large", "masked it has", id="too large when masked"),
    ],
)
def test_each_is_told_sealed_counted_and_passed_over(
    pipeline: Any, value: bytes | None, reason: str, detail: str
) -> None:
    service = f"beside-{uuid.uuid4().hex[:6]}"
    [_, place, _] = pipeline.write(
        RAW, [raw_record(service=service), value, raw_record(service=service)], partition=3, headers={"a": b"header"}
    )
    pipeline.wait_stored(service, 2)

    def letter() -> list[Any]:
        return [found for found in pipeline.letters() if found[:3] == (RAW, *place)]

    wait_for(letter, 30, "the dead letter is stored")
    [(_, _, _, stage, told, why)] = letter()
    assert (stage, told) == ("privacy", reason)
    assert detail in why
    sealed = [
        each.value() for each in pipeline.read("audit.quarantine") if each.key() == f"{RAW}:3:{place[1]}".encode()
    ]
    if value is None:
        assert sealed == []
    else:
        key = QuarantineKey.from_file(Path(pipeline.environment("privacy")["EARWITNESS_QUARANTINE_KEY_FILE"]))
        assert [open_sealed(key, each).value for each in sealed] == [value]
    said = pipeline.home.log("privacy").read_text()
    assert f"is a dead letter ({reason}): " in said
    assert "see: earwitness deadletters list" in said
    pipeline.assert_not_restarted("privacy")
    pipeline.assert_positions_balanced()


def test_a_thousand_random_corruptions_each_end_in_one_book(pipeline: Any) -> None:
    choose = random.Random(20_261_124)
    secret = b"+14155550199"
    originals = [
        raw_record(service="corrupt", caller="+14155550199"),
        raw_record(
            "data.history_append",
            service="corrupt",
            record_id="r",
            job_number="1",
            lines=["a", "b"],
            lines_added=2,
            total_length=9,
        ),
        raw_record(
            "data.record_update",
            service="corrupt",
            table="Jobs",
            record_id="r",
            changes=[{"field": "status", "old_value": None, "new_value": "done"}],
            updated_at=1_790_000_000_000_000,
        ),
    ]
    corrupted = [corrupt(choose.choice(originals), choose) for _ in range(1_000)]
    places = set(pipeline.write(RAW, corrupted))
    assert len(places) == 1_000
    topic = pipeline.topic_id(RAW).hex()

    def stored() -> list[tuple[int, int]]:
        sql = "SELECT source_partition, source_offset FROM store.events WHERE source_topic_id = unhex({topic:String})"
        return [place for row in pipeline.rows(sql, topic=topic) if (place := (row[0], row[1])) in places]

    def dead() -> set[tuple[int, int]]:
        return {found[1:3] for found in pipeline.letters() if found[0] == RAW} & places

    wait_for(lambda: set(stored()) | dead() >= places, 90, lambda: f"{len(stored())} stored, {len(dead())} dead")
    pipeline.assert_positions_balanced()
    assert len(stored()) == len(set(stored())), "none is stored twice"
    assert not set(stored()) & dead(), "none is in both books"
    assert len(dead()) > 100
    pipeline.assert_not_restarted("privacy", "sink")
    for worker in ("privacy", "sink"):
        assert secret.decode() not in pipeline.home.log(worker).read_text("utf-8", "replace")
        pipeline.assert_quiet(worker, 400)


def corrupt(value: bytes, choose: random.Random) -> bytes:
    """Behind the frame: bits flipped, bytes put in or left out, cut off, or another's piece in the middle."""
    changed = bytearray(value)
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(5, len(changed))
        what = choose.randrange(5)
        if what == 0:
            changed[at] ^= 1 << choose.randrange(8)
        elif what == 1:
            changed[at:at] = choose.randbytes(choose.randint(1, 9))
        elif what == 2:
            del changed[at : at + choose.randint(1, 9)]
        elif what == 3:
            changed[at] = choose.choice((0, 0x7F, 0x80, 0xFF))
        else:
            changed[at:] = choose.randbytes(len(changed) - at)
        if len(changed) < 7:
            break
    return bytes(changed)


def test_a_masked_record_that_is_none_is_the_sink_s_dead_letter(pipeline: Any) -> None:
    schema = catalogue.masked("data.job_lookup")
    [good] = [each.value() for each in _masked(pipeline)][:1]
    position = codec.decode(good)[1]
    elsewhere = codec.encode(schema, position | {"source_partition": 5, "source_topic_id": uuid.uuid4().bytes})
    values = [elsewhere, good[:60], b"no frame", good[:-3]]
    places = pipeline.write(MASKED, values, partition=2)

    def told() -> list[tuple[str, str]]:
        return [(each[4], each[5]) for each in pipeline.letters() if each[3] == "sink"]

    wait_for(lambda: {reason for reason, _ in told()} >= {"malformed", "framing"}, 60, lambda: pipeline.log("sink"))
    pipeline.wait_committed("earwitness-sink", MASKED)
    assert any("of another partition than it was written to" in detail for _, detail in told())
    assert places
    pipeline.wait_said("sink", r"WARNING .* cannot be stored \(malformed\)")
    pipeline.assert_not_restarted("sink")
    pipeline.assert_positions_balanced()


def _masked(pipeline: Any) -> list[Any]:
    service = f"masked-{uuid.uuid4().hex[:6]}"
    pipeline.write(RAW, [raw_record(service=service)], partition=2)
    pipeline.wait_stored(service, 1)
    return [each for each in pipeline.read(MASKED) if service.encode() in each.value()]
