"""What may be committed."""

from __future__ import annotations

from earwitness.stream.marks import Marks


def test_the_run_of_done_slices_at_the_head_is_committed():
    marks: Marks[str] = Marks()
    first, second, third = (marks.open("a", end) for end in (10, 25, 40))
    assert marks.advance("a") is None
    second.done = True
    assert list(marks.committable()) == []
    assert marks.advance("a") is None
    first.done = True
    assert list(marks.committable()) == ["a"]
    assert marks.advance("a") == 25
    assert marks.advance("a") is None
    third.done = True
    assert marks.advance("a") == 40
    assert len(marks) == 0


def test_partitions_do_not_wait_for_each_other():
    marks: Marks[str] = Marks()
    marks.open("a", 10)
    marks.open("b", 5).done = True
    assert list(marks.committable()) == ["b"]
    assert marks.advance("b") == 5


def test_a_late_acknowledgement_of_a_forgotten_slice_commits_nothing():
    marks: Marks[str] = Marks()
    before = marks.open("a", 10)
    marks.forget(["a", "never seen"])
    again = marks.open("a", 10)
    before.done = True
    assert marks.advance("a") is None
    again.done = True
    assert marks.advance("a") == 10


def test_clear_forgets_every_partition():
    marks: Marks[str] = Marks()
    for partition in "ab":
        marks.open(partition, 1).done = True
    marks.clear()
    assert list(marks.committable()) == []
    assert marks.advance("a") is None
