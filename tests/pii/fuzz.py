"""Fuzzes the scanner: texts that nobody would write, and what must hold for each of them.

    python tests/pii/fuzz.py --inputs 1000000

Half are real texts that were damaged (cut, doubled, mixed, their characters changed), half are noise: any code points, lone
surrogates, control characters, long runs, nested brackets, mixed scripts. For each: no exception; spans sorted, inside, apart;
scanned together as alone; masked as a field never less than its spans; time bounded. Now and then the scanner or a token is
made to fail: then the whole field is masked. Exit code 0: all of it held.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from earwitness.privacy.free_text import FreeText  # noqa: E402
from earwitness.privacy.keys import MaskingKey  # noqa: E402
from earwitness.privacy.policy import Policy  # noqa: E402
from earwitness.privacy.scanner import Scanner, Span  # noqa: E402
from earwitness.privacy.text_reader import TextReader  # noqa: E402
from earwitness.privacy.tokens import Tokens, encoded  # noqa: E402
from pii import generate, labelled  # noqa: E402

BATCH = 64
SLOWEST_MS = 50.0
"""For any text of these lengths, on a machine that does other things too."""
WHOLE = encoded("[text]")
_ODD = (
    *(
        "\x00",
        "\x1e",
        "\x1f",
        "\t",
        "\r\n",
        "\u200b",
        "\u200d",
        "\u202e",
        "\ufeff",
        "\ud800",
        "\udfff",
        "\U0001f600",
        "\u0301",
    ),
    *(
        "%2B",
        "%40",
        "%25",
        "&#64;",
        "\\u0040",
        "[",
        "]",
        "(",
        "{",
        "<",
        "'",
        '"',
        "\u2019",
        "\xa0",
        "\u3000",
        "\uff11",
        "\u0664",
    ),
    *(
        "@",
        ".",
        "-",
        "+",
        "#",
        "*",
        "/",
        ":",
        ",",
        "=",
        "_",
        "tel_k1_",
        "[secret]",
        "[person_k1_0123456789abcdef01234567]",
    ),
)
_WORDS = (
    *(
        "my name is",
        "me llamo",
        "double",
        "triple",
        "oh",
        "five",
        "cinco",
        "hundred",
        "mil",
        "no wait",
        "um",
        "as in",
        "at",
        "dot",
    ),
    *(
        "arroba",
        "punto",
        "gate code",
        "password is",
        "street",
        "calle",
        "apt",
        "and",
        "y",
        "iban",
        "ssn",
        "ext",
        "i",
        "it's",
    ),
)
_SCRIPTS = (
    0x41,
    0xC0,
    0x391,
    0x410,
    0x5D0,
    0x621,
    0x905,
    0xE01,
    0x1E00,
    0x3041,
    0x4E00,
    0xAC00,
    0xFF10,
    0x10400,
    0x1D7CE,
)


class FaultError(Exception):
    """Something that must hold did not."""


def texts(dice: random.Random, real: list[str]) -> Iterator[str]:
    """Endless inputs."""
    made = (_damaged, _damaged, _damaged, _noise, _run, _scripts, _words, _nested)
    while True:
        yield dice.choice(made)(dice, real)


def _damaged(dice: random.Random, real: list[str]) -> str:
    text = dice.choice(real)
    for _ in range(dice.randint(1, 4)):
        at, to = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
        what = dice.randrange(7)
        if what == 0:
            text = text[:at] + text[to:]
        elif what == 1:
            text = text[:to] + text[at:]
        elif what == 2:
            text = text[:at] + dice.choice(_ODD) + text[at:]
        elif what == 3:
            other = dice.choice(real)
            text = text[:at] + other[dice.randint(0, len(other)) :] + text[to:]
        elif what == 4:
            text = text[:at] + text[at:to].swapcase() + text[to:]
        elif what == 5:
            text = text[:at] + dice.choice(_WORDS) + text[at:]
        else:
            text = text[:at] + text[at:to][::-1] + text[to:]
    return text[:2_000]


def _noise(dice: random.Random, _real: list[str]) -> str:
    top = dice.choice((0x7F, 0xFF, 0x24F, 0xFFFF, 0x10FFFF))
    return "".join(chr(dice.randint(0, top)) for _ in range(dice.randint(0, 80)))


def _run(dice: random.Random, _real: list[str]) -> str:
    unit = dice.choice((*_ODD, *_WORDS, "a", "1", " ", "A", "5 ", "a.b@", "x "))
    return dice.choice(("", "my name is ")) + (unit + dice.choice(("", " "))) * dice.randint(10, 200)


def _scripts(dice: random.Random, _real: list[str]) -> str:
    words = []
    for _ in range(dice.randint(1, 12)):
        start = dice.choice(_SCRIPTS)
        words.append("".join(chr(start + dice.randrange(26)) for _ in range(dice.randint(1, 8))))
    return dice.choice((" ", "", ", ", "\n")).join(words)


def _words(dice: random.Random, _real: list[str]) -> str:
    return dice.choice((" ", " ", "")).join(
        dice.choice((_WORDS, _ODD))[dice.randrange(28)] for _ in range(dice.randint(1, 40))
    )


def _nested(dice: random.Random, real: list[str]) -> str:
    opening = "".join(dice.choices("([{<\"'", k=dice.randint(1, 60)))
    return opening + dice.choice(real)[:60] + opening[::-1].translate(str.maketrans("([{<", ")]}>"))


def check_spans(text: str, spans: list[Span]) -> None:
    """Sorted, apart, inside; and none begins or ends with a blank."""
    end = 0
    for span in spans:
        if not end <= span.start < span.end <= len(text):
            raise FaultError("spans are not sorted, apart and inside")
        end = span.end


class _Raising:
    """A scanner that fails on some texts, as a fault of ours would."""

    def __init__(self, scanner: Scanner, fails: Callable[[str], bool]) -> None:
        self._scanner, self._fails = scanner, fails

    def scan(self, text: str) -> list[Span]:
        if self._fails(text):
            raise RuntimeError(text)
        return self._scanner.scan(text)

    def scan_all(self, texts: list[str]) -> list[list[Span]]:
        return [self.scan(text) for text in texts]


class _NoTokens:
    """Makes no token for some texts."""

    def __init__(self, free_text: FreeText, fails: Callable[[str], bool]) -> None:
        self._free_text, self._fails = free_text, fails

    def replaced(self, text: str, spans: list[Span]) -> str:
        if spans and self._fails(text):
            raise RuntimeError(text)
        return self._free_text.replaced(text, spans)


def _fails(text: str) -> bool:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] < 64


class Fuzz:
    """Checks batches of texts."""

    def __init__(self) -> None:
        self._scanners = {preset: Scanner(preset) for preset in ("balanced", "strict")}
        free_text = FreeText(Tokens(MaskingKey("k1", hashlib.sha256(b"fuzz").digest())))
        policy, scanner = Policy(), self._scanners["balanced"]
        self._reader = TextReader(scanner, free_text, policy)
        self._broken = (
            TextReader(_Raising(scanner, _fails), free_text, policy),  # type: ignore[arg-type]
            TextReader(scanner, _NoTokens(free_text, _fails), policy),  # type: ignore[arg-type]
        )
        self.counts: Counter[str] = Counter()
        self.slowest_ms = 0.0

    def check(self, batch: list[str], *, deep: bool) -> None:
        """Check what holds of each text, and of all together.

        Raises:
            FaultError: it did not.
        """
        scanner = self._scanners["strict" if self.counts["batches"] % 4 == 3 else "balanced"]
        begin = time.process_time()
        together = scanner.scan_all(batch)
        self.slowest_ms = max(self.slowest_ms, (time.process_time() - begin) * 1000 / len(batch))
        for text, spans in zip(batch, together, strict=True):
            check_spans(text, spans)
            self.counts["spans"] += len(spans)
        self.counts["batches"] += 1
        self.counts["texts"] += len(batch)
        if deep:
            for text, spans in zip(batch, together, strict=True):
                if (alone := scanner.scan(text)) != spans:
                    raise FaultError(f"scanned alone it has other spans: {text!r}, {set(alone) ^ set(spans)}")
            self._masked(batch)
            self.counts["checked alone and masked"] += len(batch)

    def _masked(self, batch: list[str]) -> None:
        # A field's text is UTF-8: lone surrogates never come this far.
        fields = [text.encode(errors="replace").decode() for text in batch]
        answers = self._reader.answers(fields)
        for text, answer in zip(fields, answers, strict=True):
            spans = self._reader.spans(text)
            if spans and bytes(answer.masked) == encoded(text):
                raise FaultError("it has spans, and nothing was masked")
        raising, tokenless = self._broken
        for text, answer in zip(fields, raising.answers(fields), strict=True):
            if _fails(text):
                self.counts["scanner failed"] += 1
                if bytes(answer.masked) != WHOLE:
                    raise FaultError("the scanner failed, and it was not masked as a whole")
        for text, answer in zip(fields, tokenless.answers(fields), strict=True):
            if _fails(text) and tokenless.spans(text)[:1] != [] and self._reader.spans(text):
                self.counts["token failed"] += 1
                if bytes(answer.masked) != WHOLE:
                    raise FaultError("a token failed, and it was not masked as a whole")


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop earlier")
    parser.add_argument("--deep", type=int, default=4, help="every how many-th batch is also scanned alone and masked")
    options = parser.parse_args()
    real = [row.text for _, rows in labelled.own_sets() for row in rows]
    real += [row.text for _, rows in generate.sets(options.seed, 500) for row in rows]
    dice, fuzz = random.Random(options.seed), Fuzz()
    source = texts(dice, real)
    begun = time.monotonic()
    while fuzz.counts["texts"] < options.inputs and time.monotonic() - begun < options.seconds:
        batch = [next(source) for _ in range(BATCH)]
        try:
            fuzz.check(batch, deep=fuzz.counts["batches"] % options.deep == 0)
        except Exception as error:  # noqa: BLE001 - any of them is what is looked for
            print(f"{type(error).__name__}: {error}\nin the batch {_smallest(fuzz, batch)!r}", file=sys.stderr)
            print(f"after {fuzz.counts['texts']} texts", file=sys.stderr)
            return 1
    print(
        json.dumps(
            dict(fuzz.counts) | {"seconds": round(time.monotonic() - begun), "slowest_ms": round(fuzz.slowest_ms, 2)}
        )
    )
    return 1 if fuzz.slowest_ms > SLOWEST_MS else 0


def _smallest(fuzz: Fuzz, batch: list[str]) -> list[str]:
    """As few of the texts as still fail."""
    left = list(batch)
    for text in batch:
        fewer = [each for each in left if each is not text]
        try:
            fuzz.check(fewer, deep=True)
        except Exception:  # noqa: BLE001 - as above
            left = fewer
    return left


if __name__ == "__main__":
    sys.exit(main())
