"""A record that brings out a fault of ours: it is set aside, and the others go on."""

from dataclasses import dataclass

import pytest

from earwitness.privacy import step as step_module
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.tokens import Tokens
from earwitness.stream.step import SourceSlice


@dataclass(frozen=True)
class Record:
    offset: int
    value: bytes
    timestamp: int = 1_790_000_000_000
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class FaultyMasker:
    """A stand-in for a masker with a fault."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def parts(self, value: bytes, _: int, __: int) -> tuple[tuple[bytes, ...], bool]:
        if b"poison" in value:
            raise IndexError(f"no place for {value!r}")
        return (value,), False


def test_a_fault_that_one_record_brings_out_is_that_record_s_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, "Masker", FaultyMasker)
    values = [b"\x00\x00\x00\x00\x07one", b"\x00\x00\x00\x00\x07poison of Maria", b"\x00\x00\x00\x00\x07three"]
    records = [Record(offset, value) for offset, value in enumerate(values)]
    step = MaskingStep(RawSchemas(Tokens(MaskingKey("k1", bytes(range(32))))))
    result = step.process(SourceSlice("audit.raw.data", bytes(16), 0, records))
    [dead] = result.dead
    assert (dead.offset, dead.reason, dead.value, dead.schema_id) == (1, "stage_failed", values[1], 7)
    assert dead.detail.startswith("masking it raised IndexError at test_privacy_poison.py:")
    assert "Maria" not in dead.detail
    assert result.outcomes == [("masked", 0, 0), ("dead", 1, 1), ("masked", 2, 2)]
    assert [message["value"] for message in result.outputs[0].messages] == [values[0], values[2]]
