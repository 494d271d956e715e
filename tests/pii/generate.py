"""Texts like those of speech-to-text, made from people and forms: sets for the score, groups for the same-token test.

    python tests/pii/generate.py > made.jsonl

They are another kind than the scanner's rules: a sentence is a carrier phrase of our own with slots; what fills a slot is
chosen by value and form, not by what a rule expects. The same seed gives the same texts.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pii.carriers import CARRIERS, LANGUAGES, NOTHING, fillings
from pii.labelled import Row, marked
from pii.people import person
from pii.spoken_numbers import FILLERS, NUMBERS
from pii.spoken_words import MAILS, NAMES

__all__ = ["Group", "groups", "made", "sets"]

SEED = 61
ROWS = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Rows that say one value in different ways; each has one span, and all of them must get the same token."""

    label: str
    value: str
    rows: tuple[Row, ...]


def sets(seed: int = SEED, rows: int = ROWS) -> Iterator[tuple[str, list[Row]]]:
    """Sets for the score, by name."""
    for language, name in LANGUAGES.items():
        yield (
            f"made_{name}",
            [made(random.Random(f"{seed}-{name}-{number}"), language, str(number)) for number in range(rows)],
        )


def made(dice: random.Random, language: str, name: str = "", sentences: tuple[int, ...] = (1, 1, 1, 2)) -> Row:
    """One text of one of that many sentences. A sixth have no personal data."""
    carriers = NOTHING if dice.random() < 1 / 6 else CARRIERS
    texts = [dice.choice(carriers[language]) for _ in range(dice.choice(sentences))]
    said = person(
        dice, "in" if language == "in" else "es" if language in {"es", "mixed"} and dice.random() < 0.7 else "en"
    )
    line = dice.choice((" ", ", ", " and ")).join(texts) if carriers is CARRIERS else texts[0]
    row = marked(fillings(dice, _noisy(dice, line, said.language), said), name=f"made-{name}", kind=f"made_{language}")
    return dataclasses.replace(row, text=_cased(dice, row.text))


def _noisy(dice: random.Random, line: str, language: str) -> str:
    """A filler or two between the words of the carrier."""
    words = line.split(" ")
    for _ in range(dice.choice((0, 0, 1, 2))):
        words.insert(dice.randrange(len(words)), dice.choice(FILLERS[language]))
    return " ".join(words)


def _cased(dice: random.Random, text: str) -> str:
    """Mostly as it is; some engines write a sentence with capital and full stop, few shout."""
    case = dice.random()
    if case < 0.65:
        return text
    if case < 0.95:
        return text[:1].upper() + text[1:] + "."
    return text.upper() if len(text.upper()) == len(text) else text


_CUES = {
    "PHONE": {"en": "my number is {}", "es": "mi teléfono es {}", "in": "my contact number is {}"},
    "EMAIL": {"en": "my email is {}", "es": "mi correo es {}", "in": "my email id is {}"},
    "CARD": {"en": "my card number is {}", "es": "mi tarjeta es {}", "in": "my card number is {}"},
    "PERSON": {"en": "my name is {}", "es": "me llamo {}", "in": "my name is {}"},
}
_EXACT = tuple(form for form in NUMBERS if form not in {"in pairs", "misheard", "corrected"})
"""Forms that can be read in one way only."""


def groups(seed: int = SEED, count: int = 100) -> Iterator[Group]:
    """The same value said in all the ways there are, by one person in one language; spelled names without a surname."""
    for number in range(count):
        dice = random.Random(f"{seed}-group-{number}")
        language = dice.choice(("en", "es", "in"))
        said = person(dice, language)
        yield _group(dice, "PHONE", said.phone, language, {form: NUMBERS[form] for form in _EXACT})
        yield _group(dice, "CARD", said.card, language, {form: NUMBERS[form] for form in _EXACT})
        yield _group(dice, "EMAIL", said.mail, language, MAILS)
        yield _group(dice, "PERSON", said.first, language, NAMES)


def _group(
    dice: random.Random,
    label: str,
    value: str,
    language: str,
    forms: dict[str, Callable[[random.Random, str, str], str]],
) -> Group:
    cue = _CUES[label][language]
    lines = {form: cue.format(f"{{{label}:{say(dice, value, language)}}}") for form, say in forms.items()}
    return Group(label, value, tuple(marked(line, name=form, kind=label) for form, line in lines.items()))


def main() -> None:
    """All sets as JSON lines."""
    for name, rows in sets():
        for row in rows:
            record = dataclasses.asdict(row) | {"id": f"{name}-{row.id}"}
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
