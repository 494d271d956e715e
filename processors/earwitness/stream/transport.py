"""A Faust transport whose events are slices: lists of records of one partition.

Faust spends 70 µs on every event, whatever is in it. So here an event is up to `SliceOptions.max_slice` records
(`event.value` is the list), and one agent, with one buffer, reads all topics of the app. Registered as the entry point
`slices` of `faust.transports`: the scheme of the broker's URL.

What the base class does with offsets, pauses and rebalances was made for single messages; each override says what
went wrong without it. `marks.py` decides what is committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from time import monotonic
from typing import Any, ClassVar

from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from earwitness.stream.marks import Mark, Marks
from earwitness.stream.options import SliceOptions
from earwitness.stream.topics import Topics

__all__ = ["Transport"]

_PAUSE_SECONDS = 0.02
_ANY = 1 << 31


class _Slice(ConsumerMessage):
    """A message whose value is a list of records; it is acknowledged as a whole."""

    __slots__ = ("fetched", "mark")
    mark: Mark
    fetched: float

    def on_final_ack(self, consumer: Any) -> bool:
        self.mark.done = True
        return super().on_final_ack(consumer)


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    logger = logging.getLogger("faust")
    consumer: _Consumer

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        # Faust has no settings for these and hard-codes read_uncommitted and 1500 ms. They are read at start().
        consumer = super()._create_worker_consumer(transport)
        options = self.consumer.options
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        consumer._fetch_min_bytes = options.fetch_min_bytes  # noqa: SLF001
        consumer._fetch_max_wait_ms = int(options.fetch_max_wait_seconds * 1000)  # noqa: SLF001
        return consumer

    async def seek_to_start(self, partitions: Iterable[TP]) -> bool:
        """Read these from their first record; False when they were taken away meanwhile."""
        consumer = self._ensure_consumer()
        arrived: bool = await self.call_thread(consumer.seek_to_beginning, *driver.ensure_aiokafka_TPset(partitions))
        return arrived

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # As the base does it, but with the topic's id: a commit that comes late must not hold for the topic's successor.
        ids = self.consumer.topics.ids if self.consumer.topics is not None else {}
        assigned = self.assignment()
        entries = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, ids.get(tp.topic, b"").hex())
            for tp, offset in offsets.items()
            if tp in assigned
        }
        try:
            await self._ensure_consumer().commit(entries)
        except CommitFailedError as error:
            if "already rebalanced" not in str(error):
                await self.crash(error)
            return False
        except Exception as error:  # noqa: BLE001 - as the base
            await self.crash(error)
            return False
        return True

    async def foreign(self, partitions: Iterable[TP], ids: Mapping[str, bytes]) -> set[TP]:
        """Those whose commit was made for another topic of the same name."""
        asked = driver.ensure_aiokafka_TPset(partitions)
        found = await self.call_thread(self._ensure_consumer()._coordinator.fetch_committed_offsets, asked)  # noqa: SLF001
        return {
            TP(each.topic, each.partition)
            for each, commit in found.items()
            if commit.metadata and commit.metadata != ids[each.topic].hex()
        }


class _Consumer(driver.Consumer):
    logger = logging.getLogger("faust")
    _thread: _ConsumerThread

    def __init__(self, transport: Any, *args: Any, **kwargs: Any) -> None:
        self.options: SliceOptions = transport.app.slices
        self.topics: Topics | None = transport.app.topics_read
        self._marks: Marks[TP] = Marks()
        self._read_generation: int | None = None
        super().__init__(transport, *args, **kwargs)

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Reading

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        # A poll that waits while partitions change hands returns what belongs to no assignment or to the next one, and
        # has moved the position. So what it returns is dropped, and each generation begins with a seek of its own:
        # the one at the end of Faust's rebalance may come before such a poll returns.
        generation = self.app.consumer_generation_id
        readable = not (self.app.rebalancing or self.should_stop) and (
            generation == self._read_generation or await self._rewind(generation)
        )
        # A copy: the base goes on changing its set while the poll waits in its thread, where none means all.
        held = self.topics.held if self.topics is not None else {}
        partitions = {each for each in active_partitions or () if each.partition < held.get(each.topic, _ANY)}
        if not readable or not partitions:
            await asyncio.sleep(_PAUSE_SECONDS)  # Faust's own sleep returns at once after a crash
            return {}
        polled: Mapping[TP, list[Any]] = await super()._getmany(partitions, timeout)
        if not self._is_settled(generation):
            self._read_generation = None
            return {}
        size = self.options.max_slice
        return {
            partition: [records[start : start + size] for start in range(0, len(records), size)]
            for partition, records in polled.items()
        }

    async def _rewind(self, generation: int) -> bool:
        """Go to what is committed, or to the start: aiokafka's own seek leaves out what has no commit yet.

        A commit of a topic that had the same name is none.
        """
        self._read_generation = None
        assigned = self.assignment()
        try:
            if not assigned:
                return False
            await self.perform_seek()
            foreign = await self._thread.foreign(assigned, self.topics.ids) if self.topics is not None else set()
            for partition in foreign:
                self._committed_offset[partition] = self._read_offset[partition] = None
            untouched = [partition for partition in assigned if not self._committed_offset[partition]]
            if untouched and not await self._thread.seek_to_start(untouched):
                return False
        except (IllegalStateError, AssertionError):  # aiokafka's way to say that they were taken away meanwhile
            return False
        if not self._is_settled(generation):
            return False
        self._marks.clear()
        self._read_generation = generation
        return True

    def _is_settled(self, generation: int) -> bool:
        return generation == self.app.consumer_generation_id and not self.app.rebalancing

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        first, last = record[0], record[-1]
        message = _Slice(
            topic=last.topic,
            partition=last.partition,
            offset=last.offset,
            timestamp=last.timestamp / 1000,
            timestamp_type=last.timestamp_type,
            headers=None,
            key=None,
            value=record,
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        message.fetched = monotonic()
        read = self._read_offset[tp]
        if read is None or last.offset >= read:
            message.mark = self._marks.open(tp, last.offset + 1)
        else:
            # The drain loop drops this one unseen, so in the queue its mark would block all commits for ever.
            message.mark = Mark(first.offset)
        return message

    # Backpressure: the stream has one buffer. Partition by partition, as the base does it, the paused ones starve
    # while the others keep the buffer full; and with all paused it sleeps for a whole second.

    def on_buffer_full(self, tp: TP) -> None:
        for each in {tp, *self._get_active_partitions()}:
            super().on_buffer_full(each)

    def on_buffer_drop(self, tp: TP) -> None:
        for each in {tp, *self._buffered_partitions}:
            super().on_buffer_drop(each)

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        if self.flow_active and not self._get_active_partitions():
            await asyncio.sleep(_PAUSE_SECONDS)
            return {}, set()
        return await super()._wait_next_records(timeout)

    # Committing

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._marks.committable() if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self._marks.advance(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Holes between slices need no book-keeping: a mark is an end."""

    async def commit_and_end_transactions(self) -> None:
        # A commit that is under way makes the base skip this one, but may have begun before the last acknowledgement.
        await super().commit_and_end_transactions()
        if any(self._marks.committable()):
            await super().commit_and_end_transactions()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        # The base waits for the slices in work and commits them, so the marks are forgotten behind it, not before.
        await super().on_partitions_revoked(revoked)
        self._buffered_partitions.difference_update(revoked)
        self._marks.forget(revoked)

    def let_go(self, message: ConsumerMessage) -> None:
        """A slice that was begun will not be acknowledged: the base must not wait for it before it gives partitions back."""
        self._unacked_messages.discard(message)


class Transport(driver.Transport):
    """Kafka by aiokafka, in slices. The app must have `slices`, a `SliceOptions` (`app.py`)."""

    Consumer: ClassVar[type[driver.Consumer]] = _Consumer
