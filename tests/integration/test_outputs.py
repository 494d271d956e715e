"""The order of a partition's log when runs of messages with headers and without follow one another.

The library takes them by two calls, one message with headers at a time and the others as a batch. That both end in one
queue, also while a new producer knows no partition yet, is the library's doing, and the stages rely on it.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import kafka_io as io
import pytest

from earwitness.schemas.framing import REPLAYED_HEADERS
from earwitness.stream import Outputs
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

PARTITIONS = 3
RUNS = 200


@pytest.mark.parametrize("marked_first", [False, True], ids=["batch first", "headers first"])
def test_runs_with_headers_and_without_keep_the_order_of_their_partition(stack: Any, *, marked_first: bool) -> None:
    kafka = io.KafkaIo(stack.settings("admin").need_kafka())
    outputs = Outputs(kafka.kafka)
    produced: Counter[int] = Counter()
    expected: dict[int, list[tuple[bytes, Any]]] = {each: [] for each in range(PARTITIONS)}
    delivered: list[None] = []
    calls = 0

    def everything_is_delivered() -> bool:
        outputs.poll()
        return len(delivered) >= calls

    with kafka.topics("order", partitions=PARTITIONS) as (topic,):
        for run in range(RUNS * PARTITIONS):
            partition = run % PARTITIONS
            headers = REPLAYED_HEADERS if (run // PARTITIONS % 2 == 0) is marked_first else None
            size = random.choice((1, 1, random.randrange(2, 50), random.randrange(50, 500)))
            numbers = range(produced[partition], produced[partition] + size)
            produced[partition] += size
            values = [b"%d %s" % (number, b"x" * random.randrange(600)) for number in numbers]
            expected[partition] += [(value, headers) for value in values]
            messages = [{"value": value, "key": b"CA%d" % random.randrange(9)} for value in values]
            calls += outputs.produce(
                topic, messages, lambda: delivered.append(None), partition=partition, headers=headers
            )
            if random.random() < 0.1:
                outputs.poll()
        wait_for(everything_is_delivered, 60, lambda: f"{calls} deliveries; there are {len(delivered)}")
        outputs.close()
        assert len(delivered) == calls == RUNS * PARTITIONS

        found: dict[int, list[tuple[bytes, Any]]] = {each: [] for each in range(PARTITIONS)}
        for message in kafka.read(topic):
            found[message.partition()].append((message.value(), message.headers()))
        for partition, log in expected.items():
            assert [_number(value) for value, _ in found[partition]] == list(range(len(log)))
            assert found[partition] == log


def _number(value: bytes) -> int:
    return int(value.partition(b" ")[0])
