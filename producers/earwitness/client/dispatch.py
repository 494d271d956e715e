"""Where each event goes: to the broker, to the spool, or, where neither takes it, into the books as lost.

All that the worker has taken from the queue and that is not on its way, not spooled and not ended is in its *hand*. Nothing
leaves the hand before it is somewhere else, so an error in between loses nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

from confluent_kafka import KafkaError

from earwitness.client.breaker import Breaker
from earwitness.client.delivery import Connect, Delivery
from earwitness.client.frames import Frames
from earwitness.client.identity import Origin
from earwitness.client.own_log import OwnLog
from earwitness.client.parcel import NO_ROW, Parcel
from earwitness.client.replay import Replay
from earwitness.client.settlement import Settlement
from earwitness.client.shelf import Shelf
from earwitness.client.spool import replayed
from earwitness.client.stats import Books

__all__ = ["Dispatch"]

_CHUNK = 500  # events in one transaction
_SLOW_SECONDS = 2.0  # the producer has no room, and its oldest event is on its way for longer: the spool takes the rest
_JUDGE_SECONDS = 0.1


class Dispatch:
    """The events between queue and end. For the worker's thread alone.

    Args:
        books: what becomes of them.
        origin: who publishes.
        connect: makes a producer.
        frames: what stands in front of them.
        shelf: the spool.
        log: where it complains.
        spool_first: protected events are on disk before they are sent.
        most: events that the hand may hold while nobody takes them.
        clock: monotonic seconds.

    Attributes:
        settlement: how events end.
        delivery: the producer.
        breaker: whether to believe in the broker.
        hand: what was taken and is nowhere else.
    """

    def __init__(
        self,
        books: Books,
        origin: Origin,
        connect: Connect,
        *,
        frames: Frames,
        shelf: Shelf,
        log: OwnLog,
        spool_first: bool,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._books = books
        self._frames = frames
        self._shelf = shelf
        self._log = log
        self._spool_first = spool_first
        self._most = most
        self._clock = clock
        self.settlement = Settlement(origin.producer_id, books, shelf, log)
        self.delivery = Delivery(connect, origin.producer_id, frames.wire_ids, self.settlement.settle, self._on_error)
        self.breaker = Breaker(clock())
        self.replay = Replay(shelf, self.delivery, log)
        self.hand: deque[Parcel] = deque()
        self._judge_at = 0.0

    def poll(self, seconds: float = 0.0) -> None:
        """Settle what the broker has confirmed, and bring the breaker and the hand up to date."""
        self.delivery.poll(seconds)
        self._book()
        now = self._clock()
        if self.delivery.has_failed:
            self._books.producer_restarts += 1
            self.take_back()
        if self._shelf.was_damaged:
            self._after_damage()
        if self.delivery.returned:
            returned, self.delivery.returned = self.delivery.returned, []
            self._came_back(returned)
        if now >= self._judge_at:
            self._judge_at = now + _JUDGE_SECONDS
            if self._shelf.takes(now) and self.breaker.judge(self.delivery.oldest_sent, now):
                self._log.say("breaker", "the broker confirms nothing: audit events go to the spool until it does")
                self.take_back()
                self.shelve()
        self._books.breaker_open = self.breaker.is_open
        self._books.breaker_openings = self.breaker.openings

    def hand_on(self) -> bool:
        """Send or spool what is in the hand; whether there is room for more in it."""
        now = self._clock()
        hand = self.hand
        if self.breaker.is_open:
            self.shelve()
            return len(hand) < self._most
        if self._spool_first and hand:
            fresh = [parcel for parcel in hand if parcel.protected and parcel.row == NO_ROW]
            self._shelf.put(fresh, now, live=True)
        missing, send = self._frames.missing, self._send
        for _ in range(min(len(hand), _CHUNK)):
            parcel = hand[0]
            if missing and parcel.frame.kind in missing:
                if not self._spool([parcel]):
                    return False
            elif not send(parcel, now):
                break
            hand.popleft()
        if hand and not self.delivery.has_failed:
            oldest = self.delivery.oldest_sent
            if oldest is not None and now - oldest > _SLOW_SECONDS:
                self.shelve()
        return not hand

    def shelve(self) -> None:
        """Put what is in the hand into the spool; what is protected stays in the hand if it is full."""
        hand = self.hand
        while hand:
            chunk = list(islice(hand, _CHUNK))
            if not self._spool(chunk):
                break
            for _ in chunk:
                hand.popleft()
        if hand and self._shelf.full is not None and self.breaker.is_open:
            self._shed(self._shelf.full)

    def take_back(self) -> None:
        """Nothing is on its way any more: what was is in the hand, or waits in the spool again."""
        back = self.delivery.take_back()
        self._book()
        self._came_back(back)

    def feed(self, most: int) -> int:
        """Send what waits in the spool; while the breaker is open one event, which shows whether the broker is back."""
        now = self._clock()
        if not self.breaker.is_open:
            return self.replay.feed(most, now, self._frames.missing)
        if len(self.delivery):
            return 0
        if self._shelf.waiting:
            return self.replay.feed(1, now, self._frames.missing)
        if self.hand and self._send(self.hand[0], now):
            self.hand.popleft()
        return 0

    def tidy(self) -> None:
        """Delete what is delivered from the spool, and book what was lost in there."""
        self._shelf.tidy(self._clock())
        is_through = self._shelf.is_through and self.replay.is_idle and not self.hand
        self.settlement.look(is_through=is_through)

    def lose(self, why: str) -> int:
        """Give up what is in the hand; how many events are lost by that."""
        lost = 0
        while self.hand:
            lost += self.settlement.drop(self.hand.popleft(), why)
        return lost

    def _book(self) -> None:
        if self.settlement.book():
            self.breaker.answered(self._clock())
        settled, self.settlement.replays_settled = self.settlement.replays_settled, 0
        self.replay.settled(settled)

    def _came_back(self, parcels: Iterable[Parcel]) -> None:
        live = []
        for parcel in parcels:
            if parcel.replays:
                self.replay.came_back(parcel)
            elif parcel.reports:
                self._report_came_back(parcel)
            else:
                live.append(parcel)
        # In front of what was not sent yet: they are older. On disk a moment later, if there is one.
        self.hand.extendleft(reversed(live))
        if live and self._shelf.is_open:
            self.shelve()

    def _report_came_back(self, parcel: Parcel) -> None:
        # The broker may have it: told anew under another number, its counts would be in the stream twice.
        is_kept = parcel.sent and self._shelf.put([parcel], self._clock(), live=False)
        if is_kept:
            self.settlement.own_reports += 1
        self.settlement.report_settled(parcel, has_arrived=is_kept)

    def _send(self, parcel: Parcel, now: float) -> bool:
        if parcel.sent:  # so the broker may have it
            parcel.frame = replayed(parcel.frame)
        return self.delivery.send(parcel, now)

    def _spool(self, parcels: list[Parcel]) -> bool:
        fresh = [parcel for parcel in parcels if parcel.row == NO_ROW]
        if fresh and not self._shelf.put(fresh, self._clock(), live=True):
            return False
        self.settlement.spooled(parcels)
        return True

    def _shed(self, why: str) -> None:
        kept = []
        for parcel in self.hand:
            if parcel.protected:
                kept.append(parcel)
            else:
                self.settlement.drop(parcel, why)
        self.hand = deque(kept)

    def _after_damage(self) -> None:
        back = self.delivery.take_back()
        self._book()
        for parcel in (*back, *self.hand):
            parcel.sent = parcel.sent or parcel.row != NO_ROW  # or will be, by whoever adopts that row
            parcel.row = NO_ROW
        self._shelf.forget_rows()
        self.replay.forget()
        self.settlement.damaged()
        self._came_back(parcel for parcel in back if not parcel.replays)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self.delivery.has_failed = True
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 (named so by librdkafka)
            self.breaker.all_down()
        self._log.say(error.name(), "Kafka: %s; %d audit events wait", error.str(), self._books.pending)
