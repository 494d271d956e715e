"""What Spanish calls its letters; English letters come as themselves."""

from __future__ import annotations

__all__ = ["LETTER_NAMES"]

LETTER_NAMES = {
    "eme": "m",
    "erre": "r",
    "ele": "l",
    "ese": "s",
    "ene": "n",
    "eñe": "ñ",
    "jota": "j",
    "hache": "h",
    "efe": "f",
    "equis": "x",
    "zeta": "z",
    "uve": "v",
    "ka": "k",
    "cu": "q",
    "te": "t",
    "be": "b",
    "ce": "c",
    "pe": "p",
    "ge": "g",
}
"""By name, the letter. Names that are words besides (`de`, `a`, `y`) are not among them."""
