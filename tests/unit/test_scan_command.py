"""What somebody sees who pipes texts through `earwitness scan`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.runtime.settings import MaskingSettings

COMMAND = [sys.executable, "-m", "earwitness.cli", "scan"]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"k1:{b64encode(bytes(range(1, 33))).decode()}")
    file.chmod(0o600)
    return file


def run(given: str | bytes, *arguments: str, key: Path | None = None) -> tuple[int, list[dict], str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EARWITNESS_")}
    if key is not None:
        environment["EARWITNESS_MASKING_KEY_FILE"] = str(key)
    data = given if isinstance(given, bytes) else given.encode()
    done = subprocess.run(
        [*COMMAND, *arguments], input=data, env=environment, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def asked(*texts: str) -> str:
    return "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))


def test_said_and_typed_are_one_token_and_the_declared_field_s(key_file):
    spoken = "call me on four one five, double five five, oh one three four please"
    code, answers, err = run(asked(spoken, "call me on (415) 555-0134 please", "nothing here"), key=key_file)
    assert (code, err) == (0, "")
    tokens = Tokens(KeyRing.load(MaskingSettings(key_file)).keys[0]).table("phone")
    token = text_of(tokens[encoded("+14155550134")])
    assert [answer["masked"] for answer in answers] == [f"call me on [{token}] please"] * 2 + ["nothing here"]
    assert answers[1]["spans"] == [[11, 25, "PHONE"]]
    assert answers[2] == {"id": 2, "spans": [], "masked": "nothing here"}


def test_masking_again_changes_nothing_and_cards_and_secrets_are_never_tokens(key_file):
    text = "the gate code is four four seven one, card 4539 1488 0343 6467, mail maria.garcia@gmail.com"
    _, (once,), _ = run(asked(text), key=key_file)
    assert "[secret]" in once["masked"]
    assert "[card]" in once["masked"]
    assert re.search(r"\[mail_k1_[0-9a-f]{24}\]", once["masked"])
    _, (twice,), _ = run(asked(once["masked"]), key=key_file)
    assert (twice["spans"], twice["masked"]) == ([], once["masked"])


def test_bad_lines_are_answered_in_their_place_and_the_rest_goes_on(key_file):
    lines = [
        b'{"id": "a", "text": "call 415-555-0134"}',
        b"",
        b"{no json",
        b"[1]",
        b'{"id": [1], "text": "x"}',
        b'{"id": 7}',
        b'{"id": 8, "text": 5}',
        b"\xff",
        b'{"id": NaN, "text": "x"}',
        b"[" * 100_000,
        b'{"id": 1e999, "text": "x"}',
        b'{"id": 1, "text": "x", "other": ' + b"9" * 5_000 + b"}",
        '{"id": 1, "text": "x"}'.encode("utf-16-le"),
        b'{"text": "ann@example.com"}',
    ]
    code, answers, err = run(b"\n".join(lines), key=key_file)
    assert (code, err) == (1, "")
    assert [answer.get("line") for answer in answers] == [None, *range(3, 14), None]
    assert [answer["id"] for answer in answers] == ["a", None, None, None, 7, 8, *[None] * 6, 14]
    assert answers[-1]["spans"] == [[0, 15, "EMAIL"]]


def test_surrogates_offsets_and_ids_come_back_as_they_were(key_file):
    given = '{"id": "\\ud800", "text": "😀 \\ud800 mail ann@example.com"}\n{"id": null, "text": "é"}\n{"id": true, "text": ""}'
    code, answers, _ = run(given, key=key_file)
    assert code == 0
    assert [answer["id"] for answer in answers] == ["\ud800", None, True]
    assert answers[0]["spans"] == [[9, 24, "EMAIL"]]
    assert answers[0]["masked"].startswith("😀 \ud800 mail [mail_")


def test_what_is_beyond_the_cap_is_masked_whole(key_file):
    _, (answer,), _ = run(asked("hello " * 10 + "415-555-0134 " * 5), "--max-chars", "60", key=key_file)
    assert answer["spans"] == [[60, 125, "TEXT"]]
    assert answer["masked"] == "hello " * 10 + "[text]"


def test_without_a_key_one_is_made_for_the_run_and_said(key_file):
    code, (first,), err = run(asked("ann@example.com"))
    assert (code, len(err.splitlines())) == (0, 1)
    assert "for this run alone" in err
    assert run(asked("ann@example.com"))[1][0]["masked"] != first["masked"]


def test_whoever_writes_slowly_is_answered_line_by_line(key_file):
    environment = {**os.environ, "EARWITNESS_MASKING_KEY_FILE": str(key_file)}
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        for text in ("ann@example.com", "bob@example.com"):
            process.stdin.write(asked(text).encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["spans"] == [[0, 15, "EMAIL"]]
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.mark.parametrize("arguments", [["--preset", "lax"], ["--max-chars", "0"]])
def test_wrong_options_are_refused(arguments):
    assert run("", *arguments)[0] == 2


def test_the_site_s_words_and_its_preset_come_from_settings_or_options(key_file, tmp_path, monkeypatch):
    words = tmp_path / "words.toml"
    words.write_text('people = ["Oluwaseun Adeyemi"]\n[keep]\nphones = ["+1 415 555 0100"]\n')
    words.chmod(0o600)
    text = "the van of adeyemi, 415-555-0100 and 415-555-0134"
    _, (plain,), _ = run(asked(text), key=key_file)
    assert [kind for _, _, kind in plain["spans"]] == ["PHONE", "PHONE"]
    _, (own,), _ = run(asked(text), "--dictionary", str(words), key=key_file)
    assert own["spans"] == [[11, 18, "PERSON"], [37, 49, "PHONE"]]
    config = tmp_path / "privacy.toml"
    config.write_text(f'privacy_dictionary = "{words}"\nprivacy_preset = "strict"\n')
    _, answers, _ = run(asked(text, "and then Zorblax blinked"), "--config", str(config), key=key_file)
    assert answers[0] == own
    assert answers[1]["spans"] == [[9, 16, "PERSON"]]
    words.chmod(0o602)
    code, answers, err = run(asked(text), "--dictionary", str(words), key=key_file)
    assert (code, answers) == (2, [])
    assert (
        err
        == f"earwitness: the dictionary {words} says what stays unmasked, and others may write it; run: chmod go-w {words}\n"
    )
