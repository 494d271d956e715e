"""Laws of the scanner's short cuts: where a rule looks away is nothing for it, and our own reader agrees with Python's."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from earwitness.privacy.scanner import (
    abroad,
    accounts,
    code_sayings,
    ibans,
    passphrases,
    places,
    premises,
    roads,
    routes,
    secrets,
)
from earwitness.privacy.scanner.alphabet import CHARACTERS

BORDER = CHARACTERS["border"]
CLASSES = "".join(CHARACTERS.values())
RULES = (
    *((module, (places._SIGNS,)) for module in (abroad, places, premises, roads, routes)),
    *((module, (secrets._SIGNS, passphrases.WORD_IS)) for module in (passphrases, secrets)),
    (code_sayings, (code_sayings._SIGNS,)),
    *((module, (accounts._SIGNS,)) for module in (accounts, ibans)),
)
ZIPS = ("_ZIP", "_NAMED_POST", "_POSTAL", "_STATE_ZIP")
OF_CHARACTERS = ("_HEAD", "_KEYED", "_POST_CODES", "_SHAPES", "_V6_SHORT", "_V6_WHOLE")
"""Patterns of the text of a token; all others are grammars of classes."""

ASKED_LATER = ("_BEARING_STREET", "_CROSSING")
"""What stands before these is a sign: it is looked at when they are found, or they are looked for behind it."""


def grammars() -> Iterator[tuple[str, re.Pattern[str], tuple[re.Pattern[str], ...]]]:
    """The grammars that these rules search a text with, by name, and what they look for before they do."""
    for module, needed in RULES:
        for name, grammar in vars(module).items():
            if not isinstance(grammar, re.Pattern) or name in OF_CHARACTERS + ASKED_LATER or name.endswith("SIGNS"):
                continue
            if not grammar.pattern.endswith("$"):  # that is what stands before a match
                signs = (accounts._ZIP_SIGNS,) if name in ZIPS else needed
                yield f"{module.__name__.rpartition('.')[2]}.{name}", grammar, signs


GRAMMARS = {name: (grammar, signs) for name, grammar, signs in grammars()}


@pytest.mark.parametrize("name", GRAMMARS)
@given(data=st.data())
@settings(max_examples=20)
def test_what_a_grammar_finds_has_a_sign_in_its_text(name: str, data: st.DataObject) -> None:
    grammar, signs = GRAMMARS[name]
    text = f"{BORDER}{data.draw(st.from_regex(grammar, alphabet=CLASSES))}{BORDER}"
    for match in grammar.finditer(text):
        first, last = text.rfind(BORDER, 0, match.start()) + 1, text.find(BORDER, match.start())
        assert any(sign.search(text, first, last) for sign in signs)


_PART = st.from_regex("[0-9a-fA-F]{1,5}", fullmatch=True)
_V6 = st.one_of(
    st.from_regex("[0-9a-fA-F:]{2,40}", fullmatch=True),
    st.lists(st.one_of(_PART, st.just("")), min_size=2, max_size=10).map(":".join),
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=6).map(lambda address: address.exploded),
)


@given(_V6)
@settings(max_examples=500)
def test_an_address_of_the_internet_is_what_python_says(text: str) -> None:
    assume(len(text) >= 6)  # `::1` is none in a text
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        assert not accounts._is_v6(text)
    else:
        assert accounts._is_v6(text)
