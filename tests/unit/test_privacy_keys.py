"""Masking keys: what is no key stops the start with one line, and nothing ever shows the secret."""

from __future__ import annotations

import base64
import hmac
import os
import traceback

import pytest

from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.keys import EXAMPLE_KEY, MaskingKey
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.masking_settings import MaskingSettings

ROOT = bytes.fromhex("8f1c02d9a3b4c5d6e7f80912233445566778899aabbccddeeff0112358132134")
LINE = "k1:" + base64.b64encode(ROOT).decode()
EXAMPLE_ROOT = base64.b64decode(EXAMPLE_KEY.partition(":")[2])


def line(root, name="k1"):
    return f"{name}:{base64.b64encode(root).decode()}"


@pytest.fixture
def key_file(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "masking.key"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    return write


def test_a_good_key_is_read_with_or_without_the_newline(key_file):
    for text in (LINE, LINE + "\n", f"  {LINE}\r\n"):
        (key,) = KeyRing.load(MaskingSettings(key_file(text))).keys
        assert key == MaskingKey.parse(LINE, where="here")
        assert key.id == "k1"


def test_both_alphabets_of_base64_give_the_same_key():
    root = bytes(range(200, 232))
    plain, safe = base64.b64encode(root).decode(), base64.urlsafe_b64encode(root).decode()
    assert plain != safe
    assert MaskingKey.parse(f"a9:{plain}", where="") == MaskingKey.parse(f"a9:{safe}", where="")


NO_KEYS = {
    "empty": ("", "empty"),
    "only spaces": (" \n\n", "empty"),
    "no id": (base64.b64encode(ROOT).decode(), "one line, k1:<base64 of 32 random bytes>"),
    "an empty id": (line(ROOT, ""), "one line"),
    "an id in capitals": (line(ROOT, "K1"), "one line"),
    "an id with an underscore": (line(ROOT, "k_1"), "one line"),
    "an id of 17 letters": (line(ROOT, "k" * 17), "one line"),
    "no secret": ("k1:", "one line"),
    "a word behind the key": (f"{LINE} until=2026-12-01", "one line"),
    "not ASCII": (LINE.replace("k1", "ké"), "one line"),
    "not text": (os.urandom(3) + b"\xff\x00" + ROOT, "one line"),
    "words": ("k1:correct horse battery staple", "one line"),
    "cut base64": (LINE[:-3], "no valid base64"),
    "padding in the middle": ("k1:QUJD=REVG" + "A" * 40, "no valid base64"),
    "31 bytes": (line(ROOT[:31]), "has 31 bytes; at least 32 are needed"),
    "1 byte": (line(b"a"), "has 1 bytes"),
    "zeros": (line(bytes(32)), "not random"),
    "a word again and again": (line(b"earwitness!" * 3), "not random"),
    "eleven different bytes": (line(bytes(n % 11 for n in range(64))), "not random"),
    "the example": (EXAMPLE_KEY, "example key of the documentation"),
    "the example under another id": (line(EXAMPLE_ROOT, "k2"), "example key of the documentation"),
    "a secret that is too large": (LINE + "A" * 66_000, "larger than 64 KiB"),
}


@pytest.mark.parametrize(("text", "reason"), NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_stops_the_start_with_one_line(key_file, text, reason):
    path = key_file(text)
    with pytest.raises(SettingsError) as caught:
        KeyRing.load(MaskingSettings(path))
    said = str(caught.value)
    assert reason in said
    assert str(path) in said
    assert "\n" not in said
    secret = text.partition(":")[2].strip() if isinstance(text, str) else "\x00"
    assert not secret or secret not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_may_read_is_refused(key_file, mode):
    with pytest.raises(SettingsError, match="chmod 600"):
        KeyRing.load(MaskingSettings(key_file(LINE, mode)))


def test_a_key_that_is_not_there_is_said_with_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="set EARWITNESS_MASKING_KEY_FILE"):
        KeyRing.load(MaskingSettings())
    with pytest.raises(SettingsError, match=r"cannot read .*gone\.key: No such file"):
        KeyRing.load(MaskingSettings(tmp_path / "gone.key"))
    with pytest.raises(SettingsError, match="cannot read"):
        KeyRing.load(MaskingSettings(tmp_path))


def test_nothing_shows_the_secret():
    key = MaskingKey.parse(LINE, where="here")
    shown = [repr(key), str(key), f"{key}", repr([key]), repr({"key": key}), key.fingerprint]
    for text in shown:
        for secret in (repr(ROOT)[2:10], ROOT.hex()[:8], LINE[3:11], str(list(ROOT[:4]))[1:-1]):
            assert secret not in text
    assert "k1" in repr(key)
    assert key.fingerprint in repr(key)


def test_a_fingerprint_is_of_the_key_and_not_of_its_id():
    key = MaskingKey.parse(LINE, where="")
    assert MaskingKey.parse(line(ROOT, "k2"), where="").fingerprint == key.fingerprint
    assert MaskingKey.parse(line(ROOT[::-1]), where="").fingerprint != key.fingerprint
    assert len(key.fingerprint) == 8


def test_a_purpose_has_a_key_of_its_own_by_hkdf():
    key = MaskingKey.parse(LINE, where="")
    extracted = hmac.digest(bytes(32), ROOT, "sha256")
    for purpose in ("token/tel", "token/person", ""):
        expected = hmac.digest(extracted, f"earwitness/v1/{purpose}".encode() + b"\x01", "sha256")
        assert key.derive(purpose) == expected
    assert key.derive("a") != key.derive("b")
    assert ROOT not in {key.derive("a"), key.derive("")}
