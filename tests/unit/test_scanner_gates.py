"""What a grammar needs, read from its text: no gate is shut on something that its grammar would find."""

from __future__ import annotations

import random
import re
import sys

import pytest

from earwitness.privacy.scanner import Scanner
from earwitness.privacy.scanner.alphabet import CHARACTERS, GATES, members
from earwitness.privacy.scanner.gates import needs, portable
from earwitness.privacy.scanner.view import BORDER, View, view
from pii import labelled


@pytest.mark.parametrize(
    ("grammar", "needed"),
    [
        ("<n3>", ["n3"]),
        ("<n3|n4><code>", ["n3 n4", "code"]),
        ("<n3>?<code>*<pin>{0,2}<lock>", ["lock"]),
        ("<n3>{1,2}<code>+<pin>{2}", ["n3", "code", "pin"]),
        ("<n3>{1,4}+<code>{0,3}?<pin>", ["n3", "pin"]),
        ("<^border|stop><pin>", ["pin"]),
        ("(?:<n3>|<n4>)<pin>", ["n3 n4", "pin"]),
        ("(?:<n3><code>|<code>?)<pin>", ["pin"]),
        ("(?P<value><n3>|<n4>){1,2}", ["n3 n4"]),
        ("(?:<n3>|<n4>)?<pin>", ["pin"]),
        ("<pin>(?=<n3>)(?!<n4>)(?<=<pin>)(?<!<code>)", ["pin", "n3", "pin"]),
        ("<pin>(?=<n3>|$)", ["pin"]),
        ("<n3>|<pin><code>", ["n3 pin"]),
        ("", []),
    ],
)
def test_what_a_grammar_needs(grammar: str, needed: list[str]) -> None:
    assert needs(grammar, members) == [frozenset(CHARACTERS[name] for name in each.split()) for each in needed]


@pytest.mark.parametrize("grammar", ["<n3", "a<n3>", "(?i)<n3>", "<n3>[a-z]"])
def test_a_grammar_that_is_not_understood_is_refused(grammar: str) -> None:
    with pytest.raises(ValueError, match="a grammar of classes"):
        needs(grammar, members)


def test_no_gate_is_shut_on_what_its_grammar_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = Scanner("strict")
    texts = [row.text for _, rows in labelled.own_sets() for row in rows]
    random.Random(3).shuffle(texts)
    found: set[re.Pattern[str]] = set()

    def each(self: View, grammar: re.Pattern[str]) -> list[re.Match[str]]:
        matches = list(grammar.finditer(self.kinds))
        if matches:
            found.add(grammar)
            assert GATES.opened(self.kinds) & GATES.bits[id(grammar)], (grammar.pattern, self.joined(0, len(self.raw)))
        return matches

    monkeypatch.setattr(View, "each", each)
    for text in texts:
        scanner.scan(text)
    assert len(found) > 60


def test_a_sentence_without_what_any_grammar_needs_opens_few() -> None:
    classes = Scanner()._classes
    opened = GATES.opened(view(f"{BORDER}well then, thanks a lot, bye{BORDER}", classes).kinds)
    assert opened.bit_count() < len(GATES.bits) / 5


@pytest.mark.parametrize(
    ("grammar", "read"),
    [
        ("(?:<n3>|<n4>){1,2}+<pin>", "(?>(?:<n3>|<n4>){1,2})<pin>"),
        ("(?:<n3>(?:<n4><pin>)?+)*+", "(?>(?:<n3>(?>(?:<n4><pin>)?))*)"),
        ("(?P<value><n3>{1,2}+)?<pin>++", "(?P<value><n3>{1,2}+)?<pin>++"),
        ("(?:<n3>|<n4>)+<pin>", "(?:<n3>|<n4>)+<pin>"),
    ],
)
def test_a_possessive_group_is_an_atomic_one(grammar: str, read: str) -> None:
    assert portable(grammar) == read


def test_no_pattern_has_a_possessive_group() -> None:
    modules = [module for name, module in sys.modules.items() if name.startswith("earwitness.privacy")]
    patterns = [each for module in modules for each in vars(module).values() if isinstance(each, re.Pattern)]
    assert len(patterns) > 100
    assert not [each.pattern for each in patterns if re.search(r"\)(?:[*+?]|\{\d*,?\d*\})\+", each.pattern)]
