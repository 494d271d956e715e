"""Free text of records: what is personal in it becomes tokens, the rest stays.

A table answers a field's texts and counts what it found. Many texts are read faster together than one by one, so a slice is
masked in two goes (`Texts.ahead`): records that hold texts nobody has seen yet wait until all of those are read.

What was answered is remembered, for the values of one call repeat. That memory is bounded in bytes, holds personal data
and is written nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Self, TypeVar

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.policy import Policy
from earwitness.privacy.replacements import TEXT
from earwitness.privacy.scanner import Scanner
from earwitness.privacy.site import USUAL, Site
from earwitness.privacy.text_reader import Answer, TextReader
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.schemas.walker import Table

__all__ = ["MEMORY_BYTES", "Texts"]

MEMORY_BYTES = 16 << 20
"""Of texts and answers that are remembered under one policy, before it starts anew."""
_ENTRY_BYTES = 250
"""What remembering a text takes beside the text and its answer."""
_LATER = Answer(b"\x00")
"""An empty text: what an unknown text is taken for until it is read, and what an empty one becomes."""
_WHOLE = encoded(TEXT)

Record = TypeVar("Record")
Masked = TypeVar("Masked")


class Texts:
    """The tables that mask free text.

    Args:
        site: what the installation says about its texts.
    """

    def __init__(self, site: Site = USUAL) -> None:
        self._site = site
        self._scanners: dict[str, Scanner] = {}
        self._memories: dict[tuple[Tokens, Policy], _Memory] = {}
        self._going = _Going()

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """By place and kind, how often something was found; `TEXT`: a text was masked whole, `failed`: because of a fault."""
        return self._going.counts

    def table(self, tokens: Tokens, place: str, policy: Policy) -> Table:
        """The table of a field's texts.

        Args:
            tokens: what personal data is replaced by.
            place: the field, for the counts: `call.stage_transition.user_input`.
            policy: how its texts are treated.
        """
        policy = policy.under(self._site.preset)
        if policy.preset == "whole":
            return _Whole(place, self._going)
        memory = self._memories.get((tokens, policy))
        if memory is None:
            memory = self._memories[tokens, policy] = _Memory(self.reader(tokens, policy), self._going)
        return _Table(place, memory, self._going)

    def reader(self, tokens: Tokens, policy: Policy) -> TextReader:
        """What reads texts under a policy that is not `whole`."""
        policy = policy.under(self._site.preset)
        if policy.preset == "whole":
            raise ValueError("nothing reads what is always masked whole")
        scanner = self._scanners.get(policy.preset)
        if scanner is None:
            scanner = self._scanners[policy.preset] = Scanner(policy.preset, dictionary=self._site.dictionary)
        return TextReader(scanner, FreeText(tokens), policy)

    def ahead(self, mask: Callable[[Record], Masked], records: Iterable[Record]) -> list[Masked | None]:
        """Mask those records whose texts are known; afterwards those of the others are known too.

        Args:
            mask: masks a record with our tables.
            records: of one slice.

        Returns:
            For each record what it became, or None: it is to be masked again, because it held a text that was not known,
            or because masking it raised.
        """
        for memory in self._memories.values():
            memory.forget()
        with self._going as going:
            done = [going.tried(mask, record) for record in records]
        for memory in self._memories.values():
            memory.learn()
        return done


class _Going:
    """Which of a slice's two goes it is, and what was found.

    What a record of the first go holds counts only if it need not be masked again.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.is_first = False
        self.lacks = False
        """Whether the record at hand holds a text that is not known."""
        self._found: list[tuple[str, tuple[str, ...]]] = []

    def __enter__(self) -> Self:
        self.is_first = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_first = False
        for place, found in self._found:
            self.note(place, found)
        self._found.clear()

    def note(self, place: str, found: tuple[str, ...]) -> None:
        """Count what was found in a text."""
        if self.is_first:
            self._found.append((place, found))
            return
        for kind in found:
            self.counts[place, kind] += 1

    def tried(self, mask: Callable[[Record], Masked], record: Record) -> Masked | None:
        """A record's first go."""
        before = len(self._found)
        self.lacks = False
        try:
            masked = mask(record)
        except Exception:  # noqa: BLE001 - the second go raises it again, and whoever waits for it tells of it
            self.lacks = True
        if self.lacks:
            del self._found[before:]
            return None
        return masked


class _Memory(dict[bytes, Answer]):
    """Answers by encoded text, of one policy and key."""

    def __init__(self, reader: TextReader, going: _Going) -> None:
        super().__init__()
        self._reader = reader
        self._going = going
        self._bytes = 0
        self._waiting: dict[bytes, str] = {}

    def __missing__(self, value: bytes) -> Answer:
        text = text_of(value)
        if not text:
            return _LATER
        if self._going.is_first:
            self._waiting[value] = text
            self._going.lacks = True
            return _LATER
        self.forget()
        self._keep({value: text})
        return self[value]

    def learn(self) -> None:
        """Read all texts that were asked for."""
        waiting, self._waiting = self._waiting, {}
        self._keep(waiting)

    def forget(self) -> None:
        """Start anew if it is full."""
        if self._bytes > MEMORY_BYTES:
            self.clear()
            self._bytes = 0

    def _keep(self, texts: dict[bytes, str]) -> None:
        for value, answer in zip(texts, self._reader.answers([*texts.values()]), strict=True):
            self[value] = answer
            self._bytes += len(value) + len(answer.masked) + _ENTRY_BYTES


class _Table:
    """Answers the texts of one field."""

    __slots__ = ("_memory", "_note", "_place")

    def __init__(self, place: str, memory: _Memory, going: _Going) -> None:
        self._place = place
        self._memory = memory
        self._note = going.note

    def __getitem__(self, value: bytes, /) -> bytes:
        masked, found = self._memory[value]
        if found:
            self._note(self._place, found)
        return masked


class _Whole:
    """Answers the texts of a field that is always masked whole; an empty text stays empty."""

    __slots__ = ("_note", "_place")

    def __init__(self, place: str, going: _Going) -> None:
        self._place = place
        self._note = going.note

    def __getitem__(self, value: bytes, /) -> bytes:
        if not text_of(value):
            return value
        self._note(self._place, ("TEXT",))
        return _WHOLE
