"""What texts were answered with: remembered, and read together for a slice.

Many texts are read faster together than one by one, so while a slice is masked (`Ahead`), an unknown text is answered with a
hole: a bytearray that is filled when all records have been walked. Until then a record stays in parts.

The memory is bounded in bytes, holds personal data and is written nowhere.
"""

from __future__ import annotations

from collections import Counter
from types import TracebackType

from earwitness.privacy.text_reader import Answer, TextReader
from earwitness.privacy.tokens import text_of
from earwitness.schemas.walker import Part, Table

__all__ = ["MEMORY_BYTES", "Ahead", "Memory"]

MEMORY_BYTES = 16 << 20
"""Of texts and answers that are remembered under one policy, before it starts anew."""
_ENTRY_BYTES = 250
"""What remembering a text takes beside the text and its answer."""
_EMPTY = Answer(b"\x00")


class Hole(Answer):
    """The answer for a text that is not read yet; what stands in it is replaced when it is."""

    __slots__ = ()
    masked: bytearray


class Ahead:
    """While entered, unknown texts are collected; at the end they are read, and all holes filled.

    Attributes:
        counts: by place and kind, how often something was found.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.is_on = False
        self.unread = 0
        """How often a text was asked for that is not known yet."""
        self._memories: list[Memory] = []
        self._noted: list[tuple[str, Answer]] = []
        self._nested: list[tuple[bytearray, Table, bytes]] = []

    def __enter__(self) -> None:
        for memory in self._memories:
            memory.forget()
        self.is_on = True

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.is_on = False
        noted, self._noted = self._noted, []
        nested, self._nested = self._nested, []
        for memory in self._memories:
            memory.learn()
        if kind is not None:
            return
        for hole, table, value in nested:
            hole[:] = table[value]
        for place, answer in noted:
            self.note(place, answer)

    def watch(self, memory: Memory) -> None:
        """Read what that memory does not know, too."""
        self._memories.append(memory)

    def note(self, place: str, answer: Answer) -> None:
        """Count what was found in a text; that of an unread one later."""
        if self.is_on:
            self._noted.append((place, answer))
            return
        for kind in answer.found:
            self.counts[place, kind] += 1

    def nested(self, table: Table, value: bytes) -> Part:
        """What a table that holds tables of texts answers: a hole if a text in the value is not known yet."""
        unread, noted = self.unread, len(self._noted)
        answer = table[value]
        if self.unread == unread:
            return answer
        del self._noted[noted:]
        hole = bytearray()
        self._nested.append((hole, table, value))
        return hole


class Memory(dict[bytes, Answer]):
    """Answers by encoded text, of one policy and key.

    Args:
        reader: reads what is not known.
        ahead: says whether that can wait.
    """

    def __init__(self, reader: TextReader, ahead: Ahead) -> None:
        super().__init__()
        self._reader = reader
        self._ahead = ahead
        self._bytes = 0
        self._unread: dict[bytes, Hole] = {}
        self._texts: list[str] = []
        ahead.watch(self)

    def __missing__(self, value: bytes) -> Answer:
        hole = self._unread.get(value)
        if hole is None:
            text = text_of(value)
            if not text:
                return _EMPTY
            hole = self._unread[value] = Hole(bytearray(), ("unread",))
            self._texts.append(text)
        if self._ahead.is_on:
            self._ahead.unread += 1
            return hole
        self.forget()
        self.learn()
        return self[value]

    def learn(self) -> None:
        """Read all texts that were asked for, and fill their holes."""
        unread, self._unread = self._unread, {}
        texts, self._texts = self._texts, []
        for (value, hole), answer in zip(unread.items(), self._reader.answers(texts), strict=True):
            hole.masked[:] = answer.masked
            hole.found = answer.found
            self[value] = answer
            self._bytes += len(value) + len(answer.masked) + _ENTRY_BYTES

    def forget(self) -> None:
        """Start anew if it is full."""
        if self._bytes > MEMORY_BYTES:
            self.clear()
            self._bytes = 0
