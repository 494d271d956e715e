"""Frames of names: a text that has none of their signs has none of them."""

from __future__ import annotations

import random
import re

import pytest

from earwitness.privacy.scanner import name_frames
from earwitness.privacy.scanner.classes import Classes
from earwitness.privacy.scanner.lexicon import lexicon
from earwitness.privacy.scanner.name_ends import name_end
from earwitness.privacy.scanner.name_frames import _FRAMES, _SIGNS, _actors
from earwitness.privacy.scanner.view import BORDER, Hit, View, view
from pii import labelled

FRAMED = (
    "maria garcia, 415 555 0134",
    "is xandra there",
    'emailed Xyzzy: "yes"',
    "she told xyzzy would come",
    "give it to zyx",
    "hand them with xyzzy, please",
    "have xandra call me",
    'callername: "Rosa"',
    "caller=Xyzzy",
    "owner rosa.delgado",
    "reassigned my two jobs to Rosa",
    "asignado a xyzzy",
    "let mary-jo lee know",
    "can you put mary-jo lee on the phone",
    "first name xandra",
    "it's xyzzy again",
    "i'm xyzzy calling",
    "um rosa called",
    "they call me zorba",
    "passed the keys to hope",
    "Hope -> Maria",
    "Maria -> Hope",
)


def test_what_is_found_is_what_a_search_for_every_frame_finds() -> None:
    classes = Classes(lexicon())
    for text in _texts():
        seen = view(BORDER.join(("", text, "")), classes)
        assert set(name_frames.find(seen)) == set(_found_without_signs(seen)), text


@pytest.mark.parametrize("number", range(len(_FRAMES)))
def test_each_frame_is_in_an_example(number: int) -> None:
    grammar, classes = _FRAMES[number][0], Classes(lexicon())
    assert any(grammar.search(view(BORDER.join(("", text, "")), classes).kinds) for text in FRAMED)


def test_each_frame_has_a_sign() -> None:
    signed: set[re.Pattern[str]] = {frame for _, frames in _SIGNS for frame in frames}
    assert signed == {grammar for grammar, _ in _FRAMES}


def _texts() -> list[str]:
    """Our own cases, the examples, and the words of both in any order."""
    texts = [*(row.text for _, rows in labelled.own_sets() for row in rows), *FRAMED]
    dice = random.Random(7)
    return texts + [" ".join(dice.sample(text.split(), text.count(" ") // 2 + 1)) for text in texts if text.strip()]


def _found_without_signs(seen: View) -> list[Hit]:
    hits = list(_actors(seen))
    for grammar, holds in _FRAMES:
        for match in grammar.finditer(seen.kinds):
            if holds(seen, match):
                first, last = match.span("value")
                hits.append((first, name_end(seen, first, last), "PERSON", "name.frame"))
    return hits
