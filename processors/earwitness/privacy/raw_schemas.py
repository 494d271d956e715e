"""What a raw record's frame stands for, and how its kind is masked; schemas are learned when they turn up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from earwitness.privacy.keyring import ALWAYS, Era
from earwitness.privacy.previous import PreviousTokens
from earwitness.privacy.site import USUAL, Site
from earwitness.privacy.splicers import splicer
from earwitness.privacy.texts import Texts
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, framing
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import FramingError, SchemaError, UnknownSchemaError
from earwitness.schemas.walker import Splicer
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = ["Masking", "NotAskedError", "RawSchema", "RawSchemas"]

_UNKNOWN_SECONDS = 30.0
_MOST_UNKNOWN = 10_000


class NotAskedError(Exception):
    """Nobody has been asked yet what an id stands for, and asking takes time: see `RawSchemas.ask`."""


@dataclass(frozen=True, slots=True)
class Masking:
    """What masks a datum with one key, and what gives the tokens of the key before, if there is one."""

    splice: Splicer
    previous: PreviousTokens | None


@dataclass(frozen=True, slots=True)
class RawSchema:
    """A raw schema, the frame of its masked record, and what masks a datum of it, in each era."""

    schema: Schema
    masked_frame: bytes
    maskings: tuple[Masking, ...]


class RawSchemas:
    """All raw schemas that have turned up, for the maskers of all partitions to share.

    A schema of the catalogue and one that only the registry has are treated alike: it says itself what is personal.

    Args:
        tokens: what personal data is replaced by: always, or in each era, the oldest first.
        wire_ids: what stands in frames.
        clock: seconds; an id that nobody had is asked for again after 30 of them.
        site: what the installation says about its free text.
    """

    def __init__(
        self,
        tokens: Tokens | Sequence[Era],
        wire_ids: WireIds = CONTENT_IDS,
        clock: Callable[[], float] = time.monotonic,
        *,
        site: Site = USUAL,
    ) -> None:
        self.eras = (Era(*ALWAYS, tokens),) if isinstance(tokens, Tokens) else tuple(tokens)
        self.tokens = self.eras[-1].tokens
        """Of the newest key."""
        self.site = site
        self.texts = Texts(site)
        self._wire_ids = wire_ids
        self._clock = clock
        self._known: dict[int, RawSchema] = {}
        self._unknown: dict[int, tuple[float, UnknownSchemaError]] = {}

    def get(self, message: bytes) -> RawSchema:
        """The schema of a framed message.

        Raises:
            FramingError: there is no frame.
            UnknownSchemaError: it has none that can be masked.
            NotAskedError: it may have one; call `ask`.
        """
        wire_id = framing.schema_id(message)
        found = self._known.get(wire_id)
        if found is not None:
            return found
        if not self._wire_ids.asks:
            return self._learn(wire_id)
        until, error = self._unknown.get(wire_id, (0.0, None))
        if error is not None and self._clock() < until:
            raise UnknownSchemaError(str(error))
        raise NotAskedError

    def ask(self, messages: Iterable[bytes | None]) -> None:
        """Ask what the frames of messages stand for, as far as that is not known. Takes time: never on the event loop.

        Raises:
            RegistryAwayError: the registry cannot be asked; what was learned before stays learned.
        """
        for message in messages:
            try:
                self.get(message or b"")
            except NotAskedError:
                self._ask(framing.schema_id(message or b""))
            except (FramingError, UnknownSchemaError):
                continue

    def _ask(self, wire_id: int) -> None:
        try:
            self._learn(wire_id)
        except UnknownSchemaError as error:
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[wire_id] = self._clock() + _UNKNOWN_SECONDS, error

    def _learn(self, wire_id: int) -> RawSchema:
        try:
            schema = self._wire_ids.schema_of(wire_id)
            if schema.stage != "raw":
                raise UnknownSchemaError  # noqa: TRY301  told below
            frame = self._wire_ids.prefix_of(catalogue.masked_of(schema))
            maskings = tuple(self._masking(schema, era.tokens) for era in self.eras)
            found = self._known[wire_id] = RawSchema(schema, frame, maskings)
        except UnknownSchemaError:
            raise UnknownSchemaError(f"no raw schema has the id {wire_id}") from None
        except SchemaError as error:
            raise UnknownSchemaError(f"the schema {wire_id} cannot be masked: {error}") from None
        return found

    def _masking(self, schema: Schema, tokens: Tokens) -> Masking:
        previous = None if tokens.previous is None else PreviousTokens(schema, tokens.previous)
        return Masking(splicer(schema, tokens, self.texts), previous)
