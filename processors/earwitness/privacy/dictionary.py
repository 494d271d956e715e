"""The site dictionary: what one installation knows of its own texts and no list of names can.

A TOML file, written by a person::

    people = ["Maria Garcia", "Oluwaseun Adeyemi"]   # always masked, also in small letters

    [keep]                                           # nobody's secret
    words = ["Garcia Plumbing", "AquaHeat 3000"]
    phones = ["+1 415 555 0100"]
    mail = ["office@example.com"]
    ids = ["J-#####", "CL-00417"]                    # `#` is a digit

It says what stays unmasked, so nobody but its owner may be able to write it. It is read once, at start.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from earwitness.privacy import normalise
from earwitness.runtime.errors import SettingsError

__all__ = ["MOST_BYTES", "MOST_ENTRIES", "NO_WORDS", "Dictionary"]

MOST_BYTES = 1 << 20
"""Of a dictionary's file."""
MOST_ENTRIES = 10_000
"""In one of its lists."""
_LONGEST = 100
_MOST_WORDS = 6
_ID = re.compile(r"[A-Za-z0-9#_./:-]+\Z")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+\Z")
_PHONE_DIGITS = 7
_MOST_PARTS = 20
# tomllib takes hours over a megabyte of `a.a.a.a`, also in quotes.
_ENDLESS_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}")
_QUOTED = re.compile(r"\"(?>(?:[^\"\\\n]++|\\.)*)\"?|'[^'\n]*+'?")
_BARE_ID = re.compile(r"[0-9]{6,12}\Z")


@dataclass(frozen=True)
class Dictionary:
    """One installation's own words.

    Attributes:
        people: names that are always personal data.
        words: names of companies, products and places that never are.
        phones: the site's own numbers.
        mail: its own addresses.
        ids: forms of its own ids: `#` is a digit, all else itself in either case.
    """

    people: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that differ when anything in it does."""
        return hashlib.sha256(repr(self).encode("utf-8", "surrogatepass")).hexdigest()[:8]

    def __len__(self) -> int:
        return sum(map(len, (self.people, self.words, self.phones, self.mail, self.ids)))

    @classmethod
    def load(cls, path: Path | None) -> Dictionary:
        """Read a dictionary's file; an empty dictionary when there is none.

        Raises:
            SettingsError: it cannot be read, others may write it, or something in it is wrong; the message says in which
                line, and never quotes a name.
        """
        return cls() if path is None else cls.parse(_read(path), where=str(path))

    @classmethod
    def parse(cls, text: str, *, where: str) -> Dictionary:
        """A dictionary from its file's text; raises as `load`."""
        if _ENDLESS_KEY.search(_QUOTED.sub("x", text)) is not None:
            raise SettingsError(f"{where} is no dictionary: it has a key of {_MOST_PARTS} parts and more")
        try:
            found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{where} is no valid TOML: {error}") from None
        except RecursionError:
            raise SettingsError(f"{where} is nested too deeply; it holds lists of texts") from None
        except ValueError:
            raise SettingsError(f"{where} is no valid TOML: a number in it cannot be read") from None
        sections: Mapping[str, object] = {"": found, "keep": found.pop("keep", {})}
        lists: dict[str, tuple[str, ...]] = {}
        for section, given in sections.items():
            if not isinstance(given, dict):
                raise SettingsError(f"{where}{_line(text, section)}: {section} is a table: [{section}]")
            for name, entries in given.items():
                full = f"{section}.{name}".lstrip(".")
                if full not in _CHECKS:
                    raise SettingsError(
                        f"{where}{_line(text, name)}: there is no {full[:40]!r}; there are {', '.join(_CHECKS)}"
                    )
                lists[name] = _entries(entries, _CHECKS[full], partial(_place, text, where, full))
        made = cls(**lists)
        people = {_folded(name): number for number, name in enumerate(made.people, start=1)}
        for name in made.words:
            number = people.get(_folded(name))
            if number is not None:
                raise SettingsError(
                    f"{where}{_line(text, name)}: entry {number} of people stands in keep.words too; it can be one only"
                )
        return made


NO_WORDS = Dictionary()
"""Of a site that has none."""


def _read(path: Path) -> str:
    try:
        # A pipe without a writer would keep us waiting.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SettingsError(f"the dictionary {path} is no file; give the path of a TOML file")
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"cannot read the dictionary {path}: {why}") from None
    if status.st_mode & 0o022:
        raise SettingsError(
            f"the dictionary {path} says what stays unmasked, and others may write it; run: chmod go-w {path}"
        )
    if len(data) > MOST_BYTES:
        raise SettingsError(f"the dictionary {path} is larger than {MOST_BYTES >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"the dictionary {path} is no UTF-8 text (line {line})") from None


def _entries(entries: object, check: Callable[[str], str], where: Callable[[str], str]) -> tuple[str, ...]:
    """The entries of a list; `where` says of a text where it stands."""
    if not isinstance(entries, list):
        raise SettingsError(f'{where("")} is a list of texts, as in ["one", "two"]')
    if len(entries) > MOST_ENTRIES:
        raise SettingsError(f"{where('')} has {len(entries)} entries; at most {MOST_ENTRIES} are read")
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, str):
            raise SettingsError(f"{where('')}, entry {number}, is a {type(entry).__name__} and no text")
        wrong = check(entry.strip())
        if not entry.strip():
            wrong = "is empty"
        elif len(entry) > _LONGEST:
            wrong = f"is longer than {_LONGEST} characters"
        elif not entry.isprintable():
            wrong = "holds a character that nobody sees"
        if wrong:
            raise SettingsError(f"{where(entry)}, entry {number}, {wrong}")
    return tuple(" ".join(entry.split()) for entry in entries)


def _place(text: str, where: str, full: str, what: str) -> str:
    key = full.rpartition(".")[2]
    return f"{where}{_line(text, what) or _line(text, key)}: {full}"


def _line(text: str, what: str) -> str:
    """`, line 7`: where a key or an entry stands first; nothing where it is written in another way."""
    key = re.search(rf"^[ \t]*\[?[\"']?{re.escape(what)}[\"']?\]?[ \t]*(=|$)", text, re.MULTILINE) if what else None
    at = key.start() if key is not None else max(text.find(f'"{what}"'), text.find(f"'{what}'"))
    return f", line {text.count(chr(10), 0, at) + 1}" if what and at >= 0 else ""


def _person(name: str) -> str:
    if sum(map(str.isalpha, name)) < 2:
        return "is no name: it has fewer than two letters"
    if any(character.isdigit() or character in "@#" for character in name):
        return "is no name: it holds a digit, @ or #"
    return f"has more than {_MOST_WORDS} words" if len(name.split()) > _MOST_WORDS else ""


def _word(name: str) -> str:
    if "@" in name:
        return "is an address; give it under keep.mail"
    if not any(map(str.isalpha, name)):
        return "has no letter; give a number under keep.phones or keep.ids"
    return f"has more than {_MOST_WORDS} words" if len(name.split()) > _MOST_WORDS else ""


def _phone(number: str) -> str:
    normal = normalise.typed_phone(number) or ""
    if any(map(str.isalpha, number)) or sum(map(str.isdigit, normal)) < _PHONE_DIGITS:
        return f"is no phone number: give at least {_PHONE_DIGITS} digits, best as +1 415 555 0100"
    return ""


def _mail(address: str) -> str:
    return "" if _MAIL.match(address) else "is no mail address"


def _id(form: str) -> str:
    if not _ID.match(form):
        return "is no form of an id: letters, digits and -_./: stand for themselves, # for a digit, without blanks"
    if not any(map(str.isalpha, form)) and not _BARE_ID.match(form):
        return (
            "would keep any number of that form, a phone or a code too: "
            "give it a letter, as in J-#####, or the one number itself, of 6 to 12 digits"
        )
    return ""


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


_CHECKS: dict[str, Callable[[str], str]] = {
    "people": _person,
    "keep.words": _word,
    "keep.phones": _phone,
    "keep.mail": _mail,
    "keep.ids": _id,
}
"""By list, what is wrong with an entry of it; empty when nothing is."""
