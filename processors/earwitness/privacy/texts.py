"""Free text of records: what is personal in it becomes tokens, the rest stays.

A table answers a field's texts and counts what it found. Many texts are read faster together than one by one, so a slice is
masked in two goes (`Texts.ahead`): records that hold texts nobody has seen yet wait until all of those are read.

What was answered is remembered, for the values of one call repeat. That memory is bounded in bytes, holds personal data
and is written nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.policy import Policy
from earwitness.privacy.scanner import Scanner
from earwitness.privacy.site import USUAL, Site
from earwitness.privacy.text_reader import WHOLE, Answer, TextReader
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.schemas.walker import Table

__all__ = ["MEMORY_BYTES", "Texts"]

MEMORY_BYTES = 16 << 20
"""Of texts and answers that are remembered under one policy, before it starts anew."""
_ENTRY_BYTES = 250
"""What remembering a text takes beside the text and its answer."""
_LATER = Answer(b"\x00")
_EMPTY = Answer(b"\x00")

Record = TypeVar("Record")
Masked = TypeVar("Masked")


class Texts:
    """The tables that mask free text.

    Args:
        site: what the installation says about its texts.
    """

    def __init__(self, site: Site = USUAL) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        """By place and kind, how often something was found; `TEXT`: a text was masked as a whole, `failed`: after a fault."""
        self._site = site
        self._scanners: dict[str, Scanner] = {}
        self._memories: dict[tuple[Tokens, Policy], _Memory] = {}
        self._noted: list[tuple[str, tuple[str, ...]]] | None = None

    def table(self, tokens: Tokens, place: str, policy: Policy) -> Table:
        """The table of a field's texts.

        Args:
            tokens: what personal data is replaced by.
            place: the field, for the counts: `call.stage_transition.user_input`.
            policy: how its texts are treated.
        """
        policy = policy.under(self._site.preset)
        if policy.preset == "whole":
            return _Whole(place, self._note)
        key = (tokens, policy)
        memory = self._memories.get(key)
        if memory is None:
            memory = self._memories[key] = _Memory(self.reader(tokens, policy))
        return _Table(place, memory, self._note)

    def reader(self, tokens: Tokens, policy: Policy) -> TextReader:
        """What reads texts under a policy that is not `whole`."""
        preset = policy.under(self._site.preset).preset
        assert preset != "whole"
        scanner = self._scanners.get(preset)
        if scanner is None:
            scanner = self._scanners[preset] = Scanner(preset, dictionary=self._site.dictionary)
        return TextReader(scanner, FreeText(tokens.key), policy)

    def ahead(self, mask: Callable[[Record], Masked], records: Iterable[Record]) -> list[Masked | None]:
        """Mask each record whose texts are known; afterwards those of the others are known too.

        Args:
            mask: masks a record with our tables.
            records: of one slice.

        Returns:
            For each record what it is masked to, or None: it is to be masked again, because it held a text that was not
            known yet, or masking it raised.
        """
        memories = list(self._memories.values())
        for memory in memories:
            memory.begin()
        noted = self._noted = []
        done: list[Masked | None] = []
        try:
            for record in records:
                counted = len(noted)
                self._is_short = False
                try:
                    masked = mask(record)
                ...
        finally:
            self._noted = None
