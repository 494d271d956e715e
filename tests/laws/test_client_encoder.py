"""The encoder made from a schema writes what fastavro writes, for every kind and whatever its fields hold."""

from __future__ import annotations

import datetime as dt
import re
import typing
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, settings, strategies
from msgspec import Meta

from earwitness.client import envelope, snapshot
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.packing import Packer
from earwitness.schemas import codec
from earwitness.schemas.events import EVENTS
from earwitness.schemas.framing import HEADER_SIZE

TEXTS = strategies.one_of(strategies.text(max_size=20), strategies.just("é" * 2_049))
TIMES = strategies.datetimes(
    min_value=dt.datetime(1960, 1, 1),  # noqa: DTZ001 (the zone comes apart)
    max_value=dt.datetime(2310, 1, 1),  # noqa: DTZ001
    timezones=strategies.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=-7)), None]),
)


def values(hint):
    """What a field of that type may hold."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if type(None) in arguments:
        return strategies.none() | values(arguments[0])
    if origin is typing.Annotated:
        (bounds,) = [each for each in hint.__metadata__ if isinstance(each, Meta)]
        return strategies.one_of(strategies.integers(0, 300), strategies.integers(bounds.ge, bounds.le))
    if origin is typing.Literal:
        return strategies.sampled_from(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return strategies.dictionaries(TEXTS, values(arguments[1]), max_size=3)
    if origin is not None and issubclass(origin, Sequence):
        return strategies.lists(values(arguments[0]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return events(hint)
    floats = strategies.floats() | strategies.integers(-5, 5)
    return {str: TEXTS, float: floats, bool: strategies.booleans(), dt.datetime: TIMES}[hint]


def events(kind):
    hints = typing.get_type_hints(kind, include_extras=True)
    return strategies.builds(kind, **{name: values(hints[name]) for name in kind.__struct_fields__})


CALLS = strategies.none() | strategies.tuples(*[strategies.none() | TEXTS] * 2)
TRACES = strategies.none() | strategies.just(("a" * 32, "b" * 16))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # of long values in an example
@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_is_the_same_bytes_as_from_fastavro(kind):
    origins = strategies.builds(Origin, TEXTS, TEXTS, TEXTS, TEXTS, salt=strategies.integers(0, 2**32 - 1))

    snapshots = strategies.tuples(strategies.integers(0, 2**42 * 1_000_000), CALLS, TRACES, events(EVENTS[kind]))

    @settings(max_examples=max(settings.default.max_examples // 4, 25))
    @given(snapshots, origins, strategies.integers(1, 2**40))
    def law(given_snapshot, origin, sequence):
        taken = snapshot.encode(given_snapshot)
        packer = Packer(origin)
        record, problem = found(snapshot.decode(taken), origin, sequence)
        if problem:
            with pytest.raises(InvalidEventError, match=re.escape(problem)):
                packer.pack(taken, sequence)
            return
        frame = packer.pack(taken, sequence)
        route = envelope.route(kind)
        assert frame.body == codec.encode(route.schema, record)[HEADER_SIZE:]
        of_frame = (origin.producer_id, sequence, kind, route.topic, envelope.key(record), route.schema.id)
        assert frame[:6] == of_frame

    law()


def found(captured, origin, sequence):
    """The record, or what is wrong with it, as the slow way says."""
    try:
        return envelope.record(captured, origin, sequence), ""
    except InvalidEventError as error:
        return None, str(error)
