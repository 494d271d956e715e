"""The search for canaries finds a value in any form, in text, in bytes, and in what is compressed; and nothing else."""

from __future__ import annotations

import random
import struct

import cramjam
import pytest

from leaks.canaries import canary
from leaks.phrases import families, sentence
from leaks.places import compressed_blocks, log_batches
from leaks.search import Pieces, Search, normal

CALLER = canary(4, 7)
PHONE, LAST = CALLER.phone, CALLER.last
SPOKEN = " ".join(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[int(each)] for each in PHONE
)


def search() -> Search:
    return Search((PHONE, LAST, CALLER.mail, CALLER.card, CALLER.secret))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (PHONE, PHONE),
        (f"+1 ({PHONE[:3]}) {PHONE[3:6]}-{PHONE[6:]}", PHONE),
        (" ".join(PHONE), PHONE),
        (f"at {SPOKEN} please", PHONE),
        (SPOKEN.upper().replace(" ", ", um "), PHONE),
        (f"{PHONE[:3]} {' '.join(SPOKEN.split()[3:])}", PHONE),
        (f"tel:{PHONE};x", PHONE),
        (LAST.title(), LAST),
        (" ".join(LAST), LAST),
        ("-".join(LAST.upper()), LAST),
        (LAST.replace("a", "á").replace("u", "ü"), LAST),
        (CALLER.mail.upper(), CALLER.mail),
        (CALLER.mail.replace("@", " at ").replace(".", " dot "), LAST),
        ("-".join(CALLER.card[at : at + 4] for at in range(0, 16, 4)), CALLER.card),
    ],
)
def test_a_value_is_found_in_any_form(text: str, value: str) -> None:
    assert {finding.form for finding in search().in_text("here", text)} >= {normal(value)}
    glued = b"" if SPOKEN.split()[-1].lower() in text.lower() else b"z"  # which would make another word of the last one
    for around in (text.encode(), b"\x00\xfe0" + text.encode() + glued + b"\x80", b"\x00" * 9999 + text.encode()):
        assert {finding.form for finding in search().in_bytes("here", around)} >= {normal(value)}
    if text.isascii():
        assert {finding.form for finding in search().in_bytes("here", text.encode("utf-16-le"))} >= {normal(value)}


def test_a_url_is_found_in_its_pieces() -> None:
    found = {finding.form for finding in search().in_text("here", f"GET {CALLER.secret.partition('://')[2].upper()}")}
    assert CALLER.secret.rpartition("=")[2] in found


def test_a_value_is_found_in_what_is_compressed() -> None:
    content = b"nothing " * 100 + PHONE.encode() + b" nothing" * 100
    for codec, method in ((1, cramjam.gzip), (3, cramjam.lz4), (4, cramjam.zstd), (0, None)):
        body = bytes(method.compress(content)) if method else content
        batch = struct.pack(">qiibIhiqqqhii", 0, 49 + len(body), 0, 2, 0, codec, 0, 0, 0, 0, 0, 0, 1) + body
        assert b"".join(log_batches(batch * 2 + bytes(200))) == content * 2
    for method_byte, packed in (
        (0x82, cramjam.lz4.compress_block(content, store_size=False)),
        (0x90, cramjam.zstd.compress(content)),
        (0x02, content),
    ):
        block = struct.pack("<BII", method_byte, 9 + len(bytes(packed)), len(content)) + bytes(packed)
        several = struct.pack("<BII", 0x91, 12 + len(block), len(content)) + b"\x02\x92\x90" + block
        assert b"".join(compressed_blocks((bytes(16) + block) * 2)) == content * 2
        assert b"".join(compressed_blocks(bytes(16) + several)) == content


def test_what_is_random_or_another_s_is_not_found() -> None:
    other = canary(5, 7)
    texts = (
        f"tel_k1_{PHONE}aaaaaaaaaaaaaa",
        f"{PHONE[:8]}-{PHONE[:4]}-4a00-8000-{PHONE}ab",
        f"{other.name} {other.phone} {other.mail}",
        PHONE[:9],
        f"{PHONE[:5]}\t{PHONE[5:]}",
    )
    for text in texts:
        assert list(search().in_text("here", text)) == []


def test_a_piece_is_found_in_a_record_of_its_own_call() -> None:
    def left(text: str) -> list[str]:
        return Pieces([CALLER.first, CALLER.code], [PHONE]).left([text])

    assert left(f"{CALLER.first.upper()} and [person_k1_0123456789abcdef01234567]")
    assert left(f"code {' '.join(CALLER.code)}")
    assert left(f"[tel_k1_0123456789abcdef01234567] {' '.join(SPOKEN.split()[5:])}")
    assert left(f"the code is [secret] for [tel_k1_{PHONE}aaaaaaaaaaaaaa], {PHONE[:4]}") == []


def test_canaries_are_like_nobody_else() -> None:
    many = [canary(number, 7) for number in range(10_000)]
    assert len({word for caller in many for word in (caller.last, caller.street)}) == 20_000
    assert len({caller.phone for caller in many}) > 9_990
    assert many[17] == canary(17, 7) != canary(17, 8)


@pytest.mark.parametrize(("language", "phrase"), list(families()))
def test_what_a_phrase_says_is_found_where_it_is_not_masked(language: str, phrase: str) -> None:
    for number in range(8):
        caller = canary(2 * number + (language == "es"), 7)
        said = sentence(random.Random(number), caller, phrase)
        assert said.values
        assert all(value in said.text for value in said.values)
        long = Search(said.values)
        assert {finding.form for finding in long.in_text("here", said.text)} == long.forms
