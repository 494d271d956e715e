"""How a scanner is scored on labelled texts. What counts is whether personal data is covered, whatever it is called.

span recall        a given span counts when at least 90 % of its letters and digits are covered by the union of what
                   was found, with any label: a leak is a leak
span precision     a found span counts when at least 50 % of its letters and digits lie in what is given; soft ones are
                   taken out first, and a span that has none left is not counted at all
character recall, character precision    the same over letters and digits
touched            share of the rows without given spans in which anything was found that is not soft
label              share of the covered spans of which the greater part has the right label; tokens need it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pii.labelled import GivenSpan, Row

__all__ = ["COVERED", "IN_GIVEN", "Score", "covered_characters"]

COVERED = 0.9
"""Share of a given span that must be covered for it to be found."""
IN_GIVEN = 0.5
"""Share of a found span that must lie in what is given for it to be right."""


@dataclass(slots=True)
class Score:
    """Counts over rows; two are added with `+`. Ratios are None where there is nothing to count."""

    rows: int = 0
    given: int = 0
    found: int = 0
    predicted: int = 0
    right: int = 0
    labelled: int = 0
    given_characters: int = 0
    found_characters: int = 0
    predicted_characters: int = 0
    right_characters: int = 0
    empty_rows: int = 0
    touched_rows: int = 0
    given_by_label: Counter[str] = field(default_factory=Counter)
    found_by_label: Counter[str] = field(default_factory=Counter)
    empty_by_kind: Counter[str] = field(default_factory=Counter)
    touched_by_kind: Counter[str] = field(default_factory=Counter)
    given_by_kind: Counter[str] = field(default_factory=Counter)
    found_by_kind: Counter[str] = field(default_factory=Counter)
    confused: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, name) + getattr(other, name) for name in Score.__slots__))

    @property
    def recall(self) -> float | None:
        return _ratio(self.found, self.given)

    @property
    def precision(self) -> float | None:
        return _ratio(self.right, self.predicted)

    @property
    def f1(self) -> float | None:
        recall, precision = self.recall, self.precision
        if recall is None or precision is None:
            return None
        return 2 * recall * precision / (recall + precision) if recall + precision else 0.0

    @property
    def character_recall(self) -> float | None:
        return _ratio(self.found_characters, self.given_characters)

    @property
    def character_precision(self) -> float | None:
        return _ratio(self.right_characters, self.predicted_characters)

    @property
    def touched(self) -> float | None:
        return _ratio(self.touched_rows, self.empty_rows)

    @property
    def label(self) -> float | None:
        return _ratio(self.labelled, self.found)

    def recall_of(self, label: str) -> float | None:
        """Span recall of one label."""
        return _ratio(self.found_by_label[label], self.given_by_label[label])

    def count(self, row: Row, predicted: Iterable[GivenSpan]) -> Verdict:
        """Count a row in, and say what was wrong in it."""
        predicted = tuple(predicted)
        soft = covered_characters(row.text, row.soft)
        given = covered_characters(row.text, row.spans)
        union = covered_characters(row.text, predicted)
        missed = [span for span in row.spans if not self._count_given(row, span, union, predicted)]
        wrong = [span for span in predicted if not self._count_predicted(row.text, span, given, soft - given)]
        alone = union - (soft - given)
        self.rows += 1
        self.given_characters += len(given)
        self.found_characters += len(given & union)
        self.predicted_characters += len(alone)
        self.right_characters += len(alone & given)
        if not row.spans:
            self.empty_rows += 1
            self.touched_rows += bool(alone)
            self.empty_by_kind[row.kind] += 1
            self.touched_by_kind[row.kind] += bool(alone)
        return Verdict(tuple(missed), tuple(wrong))

    def _count_given(self, row: Row, span: GivenSpan, union: set[int], predicted: tuple[GivenSpan, ...]) -> bool:
        own = covered_characters(row.text, [span])
        found = len(own & union) >= COVERED * len(own)
        label = span[2]
        self.given += 1
        self.found += found
        self.given_by_label[label] += 1
        self.found_by_label[label] += found
        self.given_by_kind[row.kind] += 1
        self.found_by_kind[row.kind] += found
        if found:
            told = _main_label(row.text, own, predicted)
            self.labelled += told == label
            self.confused[f"{label} as {told}"] += told != label
        return found

    def _count_predicted(self, text: str, span: GivenSpan, given: set[int], soft: set[int]) -> bool:
        own = covered_characters(text, [span]) - soft
        if not own:
            return True
        right = len(own & given) >= IN_GIVEN * len(own)
        self.predicted += 1
        self.right += right
        return right


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was wrong with one row: given spans that leak, found spans that are no personal data."""

    missed: tuple[GivenSpan, ...]
    wrong: tuple[GivenSpan, ...]


def _main_label(text: str, own: set[int], predicted: tuple[GivenSpan, ...]) -> str:
    shares = Counter[str]()
    for span in predicted:
        shares[span[2]] += len(own & covered_characters(text, [span]))
    return shares.most_common(1)[0][0]


def covered_characters(text: str, spans: Iterable[GivenSpan]) -> set[int]:
    """The positions of the letters and digits that the spans cover; of a span that has none, all its characters."""
    covered: set[int] = set()
    for start, end, _ in spans:
        own = {at for at in range(start, end) if text[at].isalnum()}
        covered |= own or set(range(start, end))
    return covered


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
