"""The client's own counts, and the reports that carry them into the stream."""

import msgspec

from earwitness.client.reports import Reporter
from earwitness.client.stats import Books, Stats


def balanced(stats):
    lost = sum(stats.dropped.values()) + sum(stats.invalid.values())
    return stats.accepted == stats.acknowledged + stats.spooled + stats.queued + stats.in_flight + lost


def test_what_was_accepted_is_somewhere():
    books = Books()
    books.taken = 10
    for _ in range(3):
        books.acknowledge()
    books.drop(4, 6, "shutdown")
    books.invalid(7, "call.ended")
    books.refuse("queue_full")
    stats = books.stats(queued=2)
    assert stats == Stats(
        accepted=12,
        acknowledged=3,
        queued=2,
        in_flight=3,
        refused={"queue_full": 1},
        dropped={"shutdown": 3},
        invalid={"call.ended": 1},
    )
    assert balanced(stats)
    assert stats.undelivered == 5


def test_neighbouring_losses_are_one_range():
    books = Books()
    books.invalid(1, "call.ended")
    books.invalid(2, "call.ended")
    books.drop(3, 9, "shutdown")
    books.drop(11, 11, "shutdown")
    assert books.lost() == [(1, 9), (11, 11)]


def test_a_loss_stays_on_the_list_until_a_report_has_told_of_it():
    books = Books()
    books.invalid(1, "call.ended")
    books.drop(5, 5, "shutdown")
    told = books.lost()
    books.drop(6, 7, "shutdown")
    books.declared(told)
    assert books.lost() == [(6, 7)]


def test_a_report_tells_what_happened_since_the_last_one_that_arrived():
    books = Books()
    reporter = Reporter(books, every_seconds=60.0, now=100.0)
    assert not reporter.due(0, 1_000.0), "nothing happened"
    books.taken = 2
    books.acknowledge()
    books.invalid(2, "call.ended")
    assert not reporter.due(0, 159.0), "too early"
    assert reporter.due(0, 160.0)
    first = msgspec.to_builtins(reporter.make(1, 160.0))
    assert (first["accepted"], first["acknowledged"], first["period_seconds"]) == (3, 1, 60.0)
    assert (first["dropped"], first["lost"]) == ({"invalid": 1}, ({"first": 2, "last": 2},))
    assert not reporter.due(0, 300.0), "the first one is still on its way"
    reporter.confirmed()
    assert books.lost() == []

    books.refuse("queue_full")
    assert reporter.due(1, 220.0)
    second = msgspec.to_builtins(reporter.make(1, 220.0))
    assert (second["accepted"], second["refused"], second["dropped"]) == (0, {"queue_full": 1}, {})
    assert "lost" not in second


def test_a_report_that_does_not_arrive_is_made_up_for_by_the_next_one():
    books = Books()
    reporter = Reporter(books, every_seconds=1.0, now=0.0)
    books.taken = 1
    books.drop(1, 1, "msg_size_too_large")
    reporter.make(0, 2.0)
    reporter.failed(sequence=2)
    books.taken = 2
    books.acknowledge()
    report = reporter.make(0, 5.0)
    assert (report.accepted, report.acknowledged, report.dropped) == (2, 1, {"msg_size_too_large": 1})
    assert [(lost.first, lost.last) for lost in report.lost] == [(1, 2)]
    assert report.period_seconds == 5.0


def test_a_report_has_room_for_so_many_ranges_and_the_next_one_tells_the_rest():
    books = Books()
    reporter = Reporter(books, every_seconds=1.0, now=0.0)
    books.taken = 2_500
    for sequence in range(1, 2_501, 2):
        books.invalid(sequence, "call.ended")
    assert len(reporter.make(0, 2.0).lost) == 1_000
    reporter.confirmed()
    assert len(books.lost()) == 250
    assert reporter.anything(0), "what was not told yet is something to tell"


def test_what_is_spooled_is_neither_lost_nor_in_flight():
    books = Books()
    books.taken = 10
    books.spool(6)
    assert books.stats(0).in_flight == 4
    books.replay(own=True)
    books.replay(own=False)
    books.drop_spooled(4, 5, "spool_damaged")
    books.lose_adopted("spool_expired")
    stats = books.stats(0)
    assert (stats.spooled, stats.acknowledged, stats.replayed) == (3, 1, 2)
    assert (stats.dropped, stats.adopted_lost) == ({"spool_damaged": 2}, {"spool_expired": 1})
    assert books.lost() == [(4, 5)], "what a dead process lost has no number of ours"
    assert balanced(stats)
    assert stats.undelivered == 7


def test_somebody_who_waits_is_content_with_the_spool_while_the_broker_is_away():
    books = Books()
    books.taken = 3
    books.acknowledge(2)
    books.spool(1)
    assert not books.met(3), "the broker is there: it will be delivered soon"
    books.breaker_open = True
    assert books.met(3)


def test_a_report_tells_how_many_were_spooled_in_its_time():
    books = Books()
    reporter = Reporter(books, every_seconds=1.0, now=0.0)
    books.taken = 5
    books.spool(5)
    assert reporter.make(0, 1.0).spooled == 5
    reporter.confirmed()
    assert not reporter.anything(0)
    for _ in range(5):
        books.replay(own=True)
    report = reporter.make(0, 2.0)
    assert (report.accepted, report.acknowledged, report.spooled) == (0, 5, 0)
