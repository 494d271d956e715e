"""Free text of records: what is personal in it becomes tokens, the rest stays. A table answers a field's texts."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.policy import Policy
from earwitness.privacy.replacements import TEXT
from earwitness.privacy.scanner import Scanner
from earwitness.privacy.site import USUAL, Site
from earwitness.privacy.text_memory import Ahead, Memory
from earwitness.privacy.text_reader import Answer, TextReader
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.schemas.walker import Part, Table

__all__ = ["Texts"]


class Texts:
    """The tables that mask free text.

    Args:
        site: what the installation says about its texts.
    """

    def __init__(self, site: Site = USUAL) -> None:
        self._site = site
        self._scanners: dict[tuple[Tokens, str], Scanner] = {}
        self._memories: dict[tuple[Tokens, Policy], Memory] = {}
        self.ahead = Ahead()
        """Enter it to have the texts of many records read together; their parts are whole when it is left."""

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """By place and kind, how often something was found; `TEXT`: a text was masked whole, `failed`: because of a fault."""
        return self.ahead.counts

    def table(self, tokens: Tokens, place: str, policy: Policy) -> Table:
        """The table of a field's texts.

        Args:
            tokens: what personal data is replaced by.
            place: the field, for the counts: `call.stage_transition.user_input`.
            policy: how its texts are treated.
        """
        policy = policy.under(self._site.preset)
        return _Whole(place, self.ahead) if policy.preset == "whole" else self._table(tokens, place, policy)

    def key_table(self, tokens: Tokens, place: str) -> Table:
        """The table of a map's keys, as words: read even where texts are masked whole, for they say what stands beside them."""
        return self._table(tokens, place, Policy())

    def reader(self, tokens: Tokens, policy: Policy) -> TextReader:
        """What reads texts under a policy that is not `whole`."""
        policy = policy.under(self._site.preset)
        if policy.preset == "whole":
            raise ValueError("nothing reads what is always masked whole")
        return self._reader(tokens, policy)

    def _table(self, tokens: Tokens, place: str, policy: Policy) -> Table:
        memory = self._memories.get((tokens, policy))
        if memory is None:
            memory = self._memories[tokens, policy] = Memory(self._reader(tokens, policy), self.ahead)
        return _Table(place, memory, self.ahead)

    def _reader(self, tokens: Tokens, policy: Policy) -> TextReader:
        key = (tokens, policy.preset)
        scanner = self._scanners.get(key)
        if scanner is None:
            preset: Literal["strict", "balanced"] = "strict" if policy.preset == "strict" else "balanced"
            scanner = self._scanners[key] = Scanner(preset, dictionary=self._site.dictionary, owns=tokens.owns)
        return TextReader(scanner, FreeText(tokens), policy)


class _Table:
    """Answers the texts of one field."""

    __slots__ = ("_memory", "_note", "_place")

    def __init__(self, place: str, memory: Memory, ahead: Ahead) -> None:
        self._place = place
        self._memory = memory
        self._note = ahead.note

    def __getitem__(self, value: bytes, /) -> Part:
        answer = self._memory[value]
        if answer.found:
            self._note(self._place, answer)
        return answer.masked


class _Whole:
    """Answers the texts of a field that is always masked whole; an empty text stays empty."""

    __slots__ = ("_note", "_place")

    _answer = Answer(encoded(TEXT), ("TEXT",))

    def __init__(self, place: str, ahead: Ahead) -> None:
        self._place = place
        self._note = ahead.note

    def __getitem__(self, value: bytes, /) -> Part:
        if not text_of(value):
            return value
        self._note(self._place, self._answer)
        return self._answer.masked
