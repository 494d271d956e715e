"""Whose settings the doctor looks with: one place a role of the embedded stack, or one a settings file of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.doctor.findings import Finding, problem
from earwitness.embedded import control
from earwitness.embedded.stack import ROLES
from earwitness.runtime import acls, topics
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import Settings

__all__ = ["Place", "administrator", "embedded_places", "own_places", "stages"]


@dataclass(frozen=True)
class Place:
    """Settings, and where they come from.

    Attributes:
        name: the role, the file, or "the environment".
        settings: what is set there.
    """

    name: str
    settings: Settings

    @property
    def user(self) -> str | None:
        """The Kafka user of these settings."""
        return self.settings.kafka.username if self.settings.kafka is not None else None

    @property
    def stage_user(self) -> str | None:
        """The same, when it is one of those that `topics.toml` names: producer, privacy, sink."""
        return self.user if self.user in acls.principals(topics.declared(), topics.groups()) else None


def embedded_places(home: Path) -> tuple[list[Place], list[Finding]]:
    """A place for each role of the embedded stack; a problem for each that cannot be read.

    Raises:
        UsageError: no stack was ever started in this home.
    """
    return _load((role, control.environment(home, role), None) for role in ROLES)


def own_places(files: Sequence[Path], environ: Mapping[str, str] = os.environ) -> tuple[list[Place], list[Finding]]:
    """A place for each settings file, over each of which the environment wins; without files, the environment's."""
    if not files:
        return _load([("the environment", environ, None)])
    return _load((str(file), environ, file) for file in files)


def administrator(places: Iterable[Place]) -> Place | None:
    """Whoever may look at everything, as far as that can be told: a Kafka user that is no stage's, or no login at all."""
    found = [place for place in places if place.settings.kafka is not None and place.stage_user is None]
    return found[0] if found else None


def stages(places: Iterable[Place]) -> list[Place]:
    """The places of the users that do the pipeline's work."""
    return [place for place in places if place.stage_user is not None]


def _load(sources: Iterable[tuple[str, Mapping[str, str], Path | None]]) -> tuple[list[Place], list[Finding]]:
    places, findings = [], []
    for name, environ, file in sources:
        try:
            places.append(Place(name, Settings.load(environ, file)))
        except SettingsError as error:
            findings.append(problem("settings", name, str(error), "correct it, then run this again"))
    return places, findings
