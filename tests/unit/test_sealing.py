"""What is sealed opens with its key, where it stands, unchanged, and not otherwise."""

from __future__ import annotations

import base64
import os

import pytest

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import Secret
from earwitness.stream.sealing import QuarantineKey, SealError, key_id_of, open_sealed, seal

KEY = QuarantineKey("q1", bytes(range(32)))
TOPIC_ID = bytes(range(16))


def test_what_is_sealed_opens_with_its_position():
    sealed = seal(KEY, TOPIC_ID, 3, 1 << 40, b"555 123 4567")
    opened = open_sealed(KEY, sealed)
    assert (opened.topic_id, opened.partition, opened.offset, opened.value) == (TOPIC_ID, 3, 1 << 40, b"555 123 4567")
    assert b"555" not in sealed
    assert key_id_of(sealed) == "q1"


@pytest.mark.parametrize("record_key", [None, b"", b"CA12"])
def test_the_records_key_is_sealed_with_it(record_key):
    sealed = seal(KEY, TOPIC_ID, 3, 7, b"555 123 4567", record_key=record_key)
    opened = open_sealed(KEY, sealed)
    assert (opened.key, opened.value) == (record_key, b"555 123 4567")
    assert b"CA12" not in sealed
    assert "CA12" not in repr(opened)


def test_what_the_first_release_sealed_opens_without_a_key():
    sealed = bytes.fromhex(
        "45575331027131000102030405060708090a0b0c0d0e0f000000030000000000000007616161616161616161616161ba2542"
        "1d983c583097d3eb22f164b4940a02b6"
    )
    opened = open_sealed(KEY, sealed)
    assert (opened.partition, opened.offset, opened.value, opened.key) == (3, 7, b"abc", None)


def test_the_same_bytes_are_never_sealed_alike():
    assert len({seal(KEY, TOPIC_ID, 0, 0, b"") for _ in range(100)}) == 100


def test_no_single_bit_may_change():
    sealed = seal(KEY, TOPIC_ID, 0, 7, b"abc")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            open_sealed(KEY, bytes(changed))


def test_no_byte_may_be_missing():
    sealed = seal(KEY, TOPIC_ID, 0, 7, b"abc")
    for size in range(len(sealed)):
        with pytest.raises(SealError):
            open_sealed(KEY, sealed[:size])


def test_another_key_does_not_open_it():
    sealed = seal(KEY, TOPIC_ID, 0, 7, b"abc")
    with pytest.raises(SealError, match=r"'q1'.*'q2'"):
        open_sealed(QuarantineKey("q2", KEY.key), sealed)
    with pytest.raises(SealError, match="another content"):
        open_sealed(QuarantineKey("q1", bytes(range(1, 33))), sealed)


def test_neither_key_nor_content_shows():
    assert "\\x" not in repr(KEY)
    assert "abc" not in repr(open_sealed(KEY, seal(KEY, TOPIC_ID, 0, 0, b"abc")))


@pytest.mark.parametrize("alphabet", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_is_read_from_a_private_file(tmp_path, alphabet):
    raw = os.urandom(32)
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(f"q7:{alphabet(raw).decode()}\n")
    key = QuarantineKey.from_file(path)
    assert (key.id, key.key) == ("q7", raw)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        QuarantineKey.from_file(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "q1",
        "q1:",
        "q1:abc",
        "Q 1:" + base64.b64encode(bytes(range(32))).decode(),
        "q1:" + base64.b64encode(bytes(range(31))).decode(),
        "q1:" + base64.b64encode(bytes(range(33))).decode(),
        "q1:" + base64.b64encode(bytes(32)).decode(),
        "q1:" + "*" * 44,
    ],
)
def test_a_bad_key_stops_the_start_without_showing_it(text):
    with pytest.raises(SettingsError) as caught:
        QuarantineKey.parse(Secret(text))
    assert not text.partition(":")[2] or text.partition(":")[2] not in str(caught.value)
