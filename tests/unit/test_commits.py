"""How far partitions are is told to the group one commit at a time, and until it is confirmed."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from earwitness.clickhouse import commits
from earwitness.clickhouse.commits import Commits

KEY, OTHER = ("audit.masked.call", 1), ("audit.masked.data", 2)


class Group:
    """Stands in for the consumer: takes commits, and answers when the test says so."""

    def __init__(self) -> None:
        self.sent: list[dict[tuple[str, int], tuple[int, str]]] = []
        self.refuses = False

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous, "nobody waits for it"
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.sent.append({(each.topic, each.partition): (each.offset, each.metadata) for each in offsets})

    def answer(self, to: Commits, number: int = -1, error: KafkaError | None = None) -> None:
        to.answered(error, [TopicPartition(*key, *mark) for key, mark in self.sent[number].items()])


@pytest.fixture
def group():
    return Group()


def test_one_commit_is_on_its_way_and_what_it_confirms_is_not_sent_again(group):
    made = Commits()
    made.send(group)
    assert group.sent == [], "there is nothing to say"
    made.want({KEY: (5, "a"), OTHER: (7, "b")})
    made.send(group)
    made.want({KEY: (6, "a")})
    made.send(group)
    assert group.sent == [{KEY: (5, "a"), OTHER: (7, "b")}]
    group.answer(made)
    made.send(group)
    assert group.sent[1:] == [{KEY: (6, "a")}], "the other partition is confirmed"
    group.answer(made)
    made.send(group)
    assert len(group.sent) == 2


def test_what_fails_goes_with_the_next_one_and_is_told_once_a_minute(group, caplog):
    made = Commits()
    made.want({KEY: (5, "a")})
    for _ in range(3):
        made.send(group)
        group.answer(made, error=KafkaError(KafkaError.REQUEST_TIMED_OUT))
    made.want({OTHER: (1, "b")})
    made.send(group)
    assert group.sent == [{KEY: (5, "a")}] * 3 + [{KEY: (5, "a"), OTHER: (1, "b")}]
    assert len(caplog.messages) == 1
    assert "offsets are not committed" in caplog.messages[0]


def test_a_commit_that_is_never_answered_holds_up_the_others_for_a_while_only(group, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(commits.time, "monotonic", lambda: now[0])
    made = Commits()
    made.want({KEY: (5, "a")})
    made.send(group)
    made.want({KEY: (6, "a")})
    made.send(group)
    assert len(group.sent) == 1
    now[0] += 31
    made.send(group)
    assert group.sent[1:] == [{KEY: (6, "a")}]
    group.answer(made, 0)
    made.send(group)
    assert group.sent[2:] == [{KEY: (6, "a")}], "the first one's late answer confirms nothing of the second"


def test_before_partitions_leave_all_is_sent_and_then_forgotten(group):
    made = Commits()
    made.want({KEY: (5, "a")})
    made.send(group)
    made.want({KEY: (6, "a")})
    made.send(group, at_once=True)
    assert group.sent[1:] == [{KEY: (6, "a")}]
    made.forget()
    made.send(group, at_once=True)
    group.answer(made, 0)
    assert len(group.sent) == 2


def test_a_consumer_that_is_closed_raises_nothing(group, caplog):
    group.refuses = True
    made = Commits()
    made.want({KEY: (5, "a")})
    made.send(group)
    group.refuses = False
    made.send(group)
    assert (len(group.sent), len(caplog.messages)) == (1, 1)
