"""What a number is by its digits, its groups and what the words around it say: a phone, a card, a code, or nobody's."""

from __future__ import annotations

from earwitness.privacy.scanner.numbers import Digits, luhn

__all__ = ["classify", "cued", "is_a_list"]

_LONGEST_CODE = 12
_COUNTRIES = (
    "1",
    "44",
    "91",
    "52",
    "34",
    "33",
    "49",
    "39",
    "61",
    "81",
    "86",
    "55",
    "54",
    "57",
    "234",
    "971",
    "353",
    "84",
)


def cued(length: int, said: str, follows: str) -> str | None:
    """The kind of a number whatever its digits are, for most are announced; None where its digits decide."""
    kind, least, most = _CUED.get(said, _NOT_CUED)
    return kind if least <= length <= most and follows in _NO_OTHER else None


_CUED = {
    "PHONE": ("PHONE", 10, 12),
    "NUMBER": ("PHONE", 10, 11),
    "CARD": ("CARD", 12, 19),
    "SECRET": ("SECRET", 3, 9),
    "SSN": ("SSN", 4, 12),
}
_NOT_CUED = ("", 1, 0)
_NO_OTHER = ("", "PHONE")


def classify(digits: Digits, said: str, follows: str, *, plus: bool) -> str | None:
    """The kind of a number, or None when it is nobody's."""
    text, groups, spoken = digits
    length = len(text)
    card = 13 <= length <= 19 and not plus and text[0] in "123456" and (luhn(text) or groups in _CARD_GROUPS)
    if card and (text[0] in "3456" or text.startswith(("1800", "2131", "22", "23", "24", "25", "26", "27"))):
        return "CARD"
    if follows == "MEASURE":
        return None
    if said == "ID":
        return "PHONE" if (plus and length >= 8) or groups in _PHONE_GROUPS else None
    if said in ("PHONE", "CARD", "SSN"):
        follows = ""
    if length == _PHONE and (groups == (3, 3, 4) or said == "NUMBER") and "SECRET" in (said, follows):
        return "PHONE"  # no code is that long and written so
    if said == "SECRET" or (follows == "SECRET" and length <= _LONGEST_CODE):
        return "SECRET"
    if said == "SSN" or follows == "SSN":
        return "SSN" if length == 4 or 9 <= length <= 11 or (length >= 4 and said == "SSN") else None
    if said in _BY_CUE:
        kind, least, most = _BY_CUE[said]
        return kind if least <= length <= most else None
    if (said == "CARD" or follows == "CARD") and length >= 12:
        return "CARD"
    if plus and 8 <= length <= 15:
        return "PHONE"
    if length == 16 and (spoken or text[0] in "3456"):
        return "CARD"
    if length == 9 and groups == (3, 2, 4):
        return "SSN"
    return "PHONE" if _is_phone(text, groups, said, follows, spoken=spoken) else None


_PHONE = 10
_BY_CUE = {"ZIP": ("ZIP", 4, 9), "DRIVER": ("DRIVER_ID", 4, 24), "IBAN": ("IBAN", 8, 34)}


def _is_phone(text: str, groups: tuple[int, ...], said: str, follows: str, *, spoken: bool) -> bool:
    length = len(text)
    cued = said in ("PHONE", "NUMBER") or follows == "PHONE"
    if cued and 7 <= length <= 15:
        return True
    if not spoken and _begins_with_a_date(text, groups):
        return False
    if said == "CARD" and length < 10:
        return False
    counted = text in "0123456789012345678910"
    if counted:
        return False
    if length == 10:
        return text[0] not in "01" or spoken or len(groups) > 1
    if text.startswith(("00", "011")) and len(groups) > 1 and length in range(11, 17):
        return True
    if length == 11:
        return text[0] in "10" or (spoken and len(groups) < 4)
    if length in (12, 13):
        return spoken or (len(groups) > 1 and text.startswith((*_COUNTRIES, "001", "011")))
    if length == 7:
        return groups == (3, 4) and text[0] not in "01"
    return spoken and 9 <= length <= 15


def _begins_with_a_date(text: str, groups: tuple[int, ...]) -> bool:
    """Whether the first or the second group begins a date of these centuries: `2026-11-23 05`, `11-23-2026 14`."""
    for skipped in (0, 1):
        at = sum(groups[:skipped])
        parts = groups[skipped : skipped + 3]
        if parts == (4, 2, 2) and text[at : at + 2] in _CENTURIES and text[at + 4] in "01" and text[at + 6] in "0123":
            return True
        if parts == (2, 2, 4) and text[at + 4 : at + 6] in _CENTURIES and text[at] in "0123" and text[at + 2] in "0123":
            return True
    return False


def is_a_list(groups: tuple[int, ...]) -> bool:
    """Whether typed numbers with commas between are amounts rather than parts of one number."""
    return groups not in _PHONE_GROUPS and groups not in _CARD_GROUPS and max(groups) > 2


_CENTURIES = ("19", "20")
_CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)}
_PHONE_GROUPS = {(3, 3, 4), (1, 3, 3, 4), (3, 4)}
