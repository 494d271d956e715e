"""One form an address, however it was said: abbreviated, numbers as digits, without case, accents and punctuation."""

from __future__ import annotations

import re

from earwitness.privacy.normalise import plain
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters
from earwitness.privacy.scanner.pieces import SILENT, pieces, seen

__all__ = ["address"]

_C = CHARACTERS
_LEFT_OUT = frozenset(SILENT + characters("plus_mark hyphen period number_mark mark colon solidus number"))
_WORDS = {
    "street": "st",
    "avenue": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "boulevard": "blvd",
    "court": "ct",
    "place": "pl",
    "terrace": "ter",
    "circle": "cir",
    "parkway": "pkwy",
    "highway": "hwy",
    "square": "sq",
    "trail": "trl",
    "crescent": "cres",
    "apartment": "apt",
    "apartamento": "apt",
    "depto": "apt",
    "departamento": "apt",
    "suite": "ste",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "avenida": "av",
    "avda": "av",
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "fourth": "4th",
    "fifth": "5th",
    "sixth": "6th",
    "seventh": "7th",
    "eighth": "8th",
    "ninth": "9th",
    "tenth": "10th",
    "eleventh": "11th",
    "twelfth": "12th",
    "thirteenth": "13th",
    "fourteenth": "14th",
    "fifteenth": "15th",
    "sixteenth": "16th",
    "seventeenth": "17th",
    "eighteenth": "18th",
    "nineteenth": "19th",
    "twentieth": "20th",
    "thirtieth": "30th",
    "fortieth": "40th",
    "fiftieth": "50th",
    "saint": "st",
    "mount": "mt",
    "calzada": "calz",
    "carretera": "ctra",
    "norte": "n",
    "sur": "s",
    "este": "e",
    "oeste": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "bulevar": "blvd",
    "av.": "av",
}
"""By word, its abbreviation."""
_TENS = re.compile(r"\b([2-9])0 ([1-9](?:st|nd|rd|th))\b")
_LETTER_BEHIND = re.compile(r"(?<=[0-9]) (?=[a-z]\b)")
_STATES = {
    "alabama": "al",
    "alaska": "ak",
    "arizona": "az",
    "arkansas": "ar",
    "california": "ca",
    "colorado": "co",
    "connecticut": "ct",
    "delaware": "de",
    "florida": "fl",
    "georgia": "ga",
    "hawaii": "hi",
    "idaho": "id",
    "illinois": "il",
    "indiana": "in",
    "iowa": "ia",
    "kansas": "ks",
    "kentucky": "ky",
    "louisiana": "la",
    "maine": "me",
    "maryland": "md",
    "massachusetts": "ma",
    "michigan": "mi",
    "minnesota": "mn",
    "mississippi": "ms",
    "missouri": "mo",
    "montana": "mt",
    "nebraska": "ne",
    "nevada": "nv",
    "new hampshire": "nh",
    "new jersey": "nj",
    "new mexico": "nm",
    "new york": "ny",
    "n carolina": "nc",
    "n dakota": "nd",
    "ohio": "oh",
    "oklahoma": "ok",
    "oregon": "or",
    "pennsylvania": "pa",
    "rhode island": "ri",
    "s carolina": "sc",
    "s dakota": "sd",
    "tennessee": "tn",
    "texas": "tx",
    "utah": "ut",
    "vermont": "vt",
    "virginia": "va",
    "washington": "wa",
    "w virginia": "wv",
    "wisconsin": "wi",
    "wyoming": "wy",
}
_STATE = re.compile(rf"\b(?:{'|'.join(sorted(_STATES, key=len, reverse=True))})(?=(?: [0-9]{{5}})?$|(?: [0-9]{{9}})$)")
"""A state at the end, or before the ZIP code there: elsewhere it is a street's or a city's name."""
_ENDINGS = tuple(_STATES)
_ZIP = " 0123456789"


def address(text: str) -> str:
    """An address in small letters, abbreviated: `1420 oak st apt 3b austin tx 78704`."""
    words = [_WORDS.get(word, word) for kind, word in pieces(seen(text)) if kind not in _LEFT_OUT]
    joined = " ".join(plain(" ".join(words)).split())
    joined = _LETTER_BEHIND.sub("", _TENS.sub(r"\1\2", joined))
    if not joined.rstrip(_ZIP).endswith(_ENDINGS):
        return joined
    return _STATE.sub(lambda found: _STATES[found[0]], joined)
