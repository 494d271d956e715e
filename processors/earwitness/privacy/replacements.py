"""What stands where something was masked, and the form by which it is known again.

A constant says the kind and nothing else: nobody joins by it. A token is `<kind>_<key id>_<24 hex digits>`, for a phone
perhaps with its region: `tel_k3_1-415_<24 hex digits>`. In free text it stands in brackets, in a field of its own without.

Somebody may write what looks like a token, to have a number passed on in it. So a token never has nine decimal digits in a
row, and what has is none; and whoever holds the key can tell its own tokens from all others: see `token_maker.Seal`.
"""

from __future__ import annotations

import re

__all__ = ["CARD", "CONSTANTS", "LOOSE", "SECRET", "SSN", "TEXT", "WITHHELD", "bare", "is_ours", "parts"]

CARD = "[card]"
SSN = "[ssn]"
SECRET = "[secret]"  # noqa: S105 - what a secret becomes
TEXT = "[text]"
WITHHELD = "withheld"
"""What a number becomes that the caller withholds, and any value that identifies nobody."""

CONSTANTS = {"CARD": CARD, "SSN": SSN, "SECRET": SECRET, "TEXT": TEXT}
"""By kind of span, what all of its values become: few tries would find what a token is made of."""

_STEM = r"[a-z]{1,12}[0-9]?_[a-z0-9]{1,24}_"
_REGION = r"(?:1-[0-9]{3}|[1-9][0-9]{0,2})_"
_HEX = r"[0-9a-f]{24}"
LOOSE = (
    rf"\[(?:{_STEM}(?:{_REGION})?{_HEX}|card|ssn|secret|text|withheld)\]",
    rf"tel_[a-z0-9]{{1,24}}_{_REGION}{_HEX}(?![0-9A-Za-z_])",
)
"""What looks like ours in a text and would not be one word otherwise: in brackets, or with a region."""

_LOOSE_WORD = re.compile(rf"{_STEM}(?:{_REGION})?{_HEX}\Z")
# The digits in their order are what people make up for an example, and nobody's number.
_TOKEN = re.compile(
    rf"(?P<kind>[a-z]{{1,12}}[0-9]?)_(?P<key>[a-z0-9]{{1,24}})_(?:{_REGION})?"
    rf"(?!(?>(?:0123456789)?)[0-9a-f]{{0,15}}[0-9]{{9}}){_HEX}\Z"
)
_BRACKETED = frozenset({*CONSTANTS.values(), f"[{WITHHELD}]"})


def bare(word: str) -> bool:
    """Whether a word looks like a token of ours, real or made up."""
    return _LOOSE_WORD.match(word) is not None


def parts(text: str) -> tuple[str, str] | None:
    """The kind and the key id of a text that has a token's form, brackets or not; None for any other."""
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    found = _TOKEN.match(text)
    return None if found is None else (found["kind"], found["key"])


def is_ours(text: str) -> bool:
    """Whether a text is one of the constants or has a token's form."""
    return text in _BRACKETED or parts(text) is not None
