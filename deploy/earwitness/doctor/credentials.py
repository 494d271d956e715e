"""Settings and secrets: what each place lacks, and files that others could read."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from earwitness.doctor.findings import Finding, ok, problem, what_and_do
from earwitness.doctor.places import Place
from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.site import Site
from earwitness.runtime.errors import SettingsError
from earwitness.stream.sealing import QuarantineKey

__all__ = ["check_files", "check_settings"]

_SHOWN = 5


def check_settings(places: Iterable[Place]) -> list[Finding]:
    """Keys and dictionaries that cannot be used, and what the user of a place needs and does not have."""
    findings: list[Finding] = []
    for place in places:
        found = [_misset(place, error) for error in _errors(place)]
        fine = "all that it needs is set and readable"
        if place.user == "privacy" and not found:
            fine += f"; free text: {Site.from_settings(place.settings)}"
        findings += found or [ok("settings", place.name, fine)]
    return findings


def _misset(place: Place, error: SettingsError) -> Finding:
    what, do = what_and_do(str(error))
    return problem("settings", place.name, what, do or "correct it, then run this again")


def _errors(place: Place) -> Iterator[SettingsError]:
    settings = place.settings
    if settings.masking.has_keys or place.user == "privacy":
        try:
            KeyRing.load(settings.masking)
        except SettingsError as error:
            yield error
    if settings.quarantine_key_file is not None or place.user == "privacy":
        try:
            QuarantineKey.from_file(settings.quarantine_key_file)
        except SettingsError as error:
            yield error
    try:
        Dictionary.load(settings.privacy_dictionary)
    except SettingsError as error:
        yield error
    if place.user == "sink" and settings.clickhouse is None:
        yield SettingsError("the sink has no ClickHouse; set EARWITNESS_CLICKHOUSE_URL")


def check_files(closed: Iterable[Path], private: Iterable[Path]) -> list[Finding]:
    """Files that other users of the machine could read.

    Args:
        closed: directories that let nobody else in, whatever is below them.
        private: directories that hold secrets: what is in them is closed as well.
    """
    closed = [path for path in closed if path.is_dir()]
    below = [path for directory in private if directory.is_dir() for path in sorted(directory.rglob("*"))]
    paths = dict.fromkeys([*closed, *below])
    loose = [path for path in paths if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    findings = [
        problem(
            "files", str(path), f"mode {stat.S_IMODE(path.stat().st_mode):04o} opens it to other users", _close(path)
        )
        for path in loose[:_SHOWN]
    ]
    if len(loose) > _SHOWN:
        what = f"{len(loose) - _SHOWN} more of them are open to other users"
        findings.append(
            problem("files", str(loose[_SHOWN].parent), what, f"run: chmod -R go-rwx {loose[_SHOWN].parent}")
        )
    return findings or [ok("files", str(closed[0]), f"{len(below)} secret files, none is open to other users")]


def _close(path: Path) -> str:
    return f"run: chmod {'700' if path.is_dir() else '600'} {path}"
