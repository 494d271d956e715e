"""`earwitness scan`: personal data in texts, as the pipeline finds it."""

from __future__ import annotations

import json
import math
import os
import secrets
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click

from earwitness.cli.options import config_file
from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.free_text import FreeText
from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.scanner import MAX_CHARS, Scanner
from earwitness.privacy.tokens import Tokens
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Settings

__all__ = ["scan"]

_LONGEST_LINE = 16 << 20
_READ_BYTES = 64 << 10
_SCALARS = (str, int, float, bool, type(None))


class _Line(NamedTuple):
    """A line of input: its text, or why there is none."""

    number: int
    id: Any
    text: str = ""
    error: str = ""


@click.command(
    epilog="""Example: echo '{"id": 1, "text": "it is maria dot garcia at gmail dot com"}' | earwitness scan"""
)
@click.option(
    "--preset",
    type=click.Choice(["strict", "balanced"]),
    help="strict also takes any unknown word with a capital for a name.  [default: as the pipeline is set, or balanced]",
)
@click.option(
    "--dictionary",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The site's own words, as TOML.  [default: EARWITNESS_PRIVACY_DICTIONARY]",
)
@click.option(
    "--max-chars",
    type=click.IntRange(min=1),
    default=MAX_CHARS,
    show_default=True,
    help="Characters of a text that are read; what is beyond is masked whole.",
)
@config_file
def scan(
    *, preset: Literal["strict", "balanced"] | None, dictionary: Path | None, max_chars: int, config: Path | None
) -> int:
    """Find personal data in texts: JSON lines with "id" and "text" in, spans and the masked text out.

    Answers come in the order of the lines. A line that is none gets {"id", "line", "error"} in its place; exit code 1 when
    there was one. Tokens are made with the masking key that is configured, else with a key for this run alone.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed; give JSON lines")
    settings = Settings.load(os.environ, config)
    free_text = FreeText(Tokens(_key(settings), keep_region=settings.masking.keep_region))
    scanner = Scanner(
        preset or ("strict" if settings.privacy_preset == "strict" else "balanced"),
        dictionary=Dictionary.load(dictionary or settings.privacy_dictionary),
        max_chars=max_chars,
    )
    failed = False
    out = sys.stdout.buffer
    for lines in _batches(sys.stdin.fileno()):
        found = iter(scanner.scan_all([line.text for line in lines if not line.error]))
        for line in lines:
            if line.error:
                failed = True
                answer = {"id": line.id, "line": line.number, "error": line.error}
            else:
                spans = next(found)
                answer = {
                    "id": line.id,
                    "spans": [[span.start, span.end, span.kind] for span in spans],
                    "masked": free_text.replaced(line.text, spans),
                }
            out.write(_json(answer))
        out.flush()
    return 1 if failed else 0


def _key(settings: Settings) -> MaskingKey:
    if settings.masking.has_keys:
        return KeyRing.load(settings.masking).at(int(time.time() * 1000))
    click.echo("earwitness: no masking key is configured; tokens are made with one for this run alone", err=True)
    return MaskingKey.parse(f"run:{b64encode(secrets.token_bytes(32)).decode()}", where="this run's key")


def _batches(descriptor: int) -> Iterator[list[_Line]]:
    """The lines that are there, together; whoever writes slowly is not kept waiting for his next line."""
    number, begun, skips = 0, bytearray(), False
    while chunk := os.read(descriptor, _READ_BYTES):
        *whole, rest = chunk.split(b"\n")
        batch = []
        if whole:
            whole[0] = bytes(begun) + whole[0]
            begun.clear()
        begun += rest
        for raw in whole:
            number += 1
            if skips:
                skips = False
            elif line := _read(number, raw):
                batch.append(line)
        if len(begun) > _LONGEST_LINE and not skips:
            skips = True
            batch.append(_Line(number + 1, None, error=f"the line is longer than {_LONGEST_LINE >> 20} MiB"))
        if skips:
            begun.clear()
        if batch:
            yield batch
    if not skips and (line := _read(number + 1, bytes(begun))):
        yield [line]


def _read(number: int, raw: bytes) -> _Line | None:
    if not raw.strip():
        return None
    try:
        # Given bytes, json would take a line with zero bytes for UTF-16.
        found = json.loads(raw.decode("utf-8-sig", "surrogatepass"), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError:
        return _Line(number, None, error="the line is no UTF-8")
    except RecursionError:
        return _Line(number, None, error="the line is nested too deeply")
    except ValueError as error:
        return _Line(
            number, None, error=f"the line is no JSON: {getattr(error, 'msg', 'a number in it cannot be read')}"
        )
    if not isinstance(found, dict):
        return _Line(number, None, error='the line is no JSON object; give {"id": …, "text": "…"}')
    name = found.get("id", number)
    if not isinstance(name, _SCALARS):
        return _Line(number, None, error='"id" is no text, number, true, false or null')
    if not isinstance(found.get("text"), str):
        return _Line(number, name, error='there is no "text", or it is no text')
    return _Line(number, name, found["text"])


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError  # json would write it as Infinity, which is no JSON
    return number


def _no_number(name: str) -> float:
    raise ValueError(name)


def _json(answer: dict[str, Any]) -> bytes:
    try:
        return (json.dumps(answer, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
    except UnicodeEncodeError:  # a lone half of a surrogate pair is written as it was: escaped
        return (json.dumps(answer, separators=(",", ":")) + "\n").encode()
