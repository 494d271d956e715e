"""Options that several commands share, and the settings that follow from them."""

from __future__ import annotations

import os
from pathlib import Path

import click

from earwitness.runtime.settings import Settings

__all__ = ["as_json", "config_file", "home", "own_settings", "settings_for"]

home = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: os.environ.get("EARWITNESS_HOME", ".earwitness"),
    show_default=".earwitness",
    help="The embedded stack's home directory.",
)
config_file = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings as TOML; the environment wins over it.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")

_PLACES = ("EARWITNESS_KAFKA_BOOTSTRAP", "EARWITNESS_CLICKHOUSE_URL")


def own_settings(config: Path | None) -> bool:
    """The user names a broker or a ClickHouse, in a file or the environment: then nothing embedded is used."""
    return config is not None or any(name in os.environ for name in _PLACES)


def settings_for(role: str, home: Path, config: Path | None = None) -> Settings:
    """A command's settings: the user's own where they name a broker or a ClickHouse, else the embedded stack's.

    Args:
        role: as whom the embedded stack is used: admin, producer, privacy, sink, analyst.
        home: the embedded stack's home directory.
        config: a settings file, if one is given.

    Raises:
        SettingsError: a setting is wrong.
        UsageError: there are neither settings nor an embedded stack.
    """
    if own_settings(config):
        return Settings.load(os.environ, config)
    from earwitness.embedded.control import environment

    own = {name: value for name, value in os.environ.items() if name.startswith("EARWITNESS_")}
    return Settings.load(own | environment(home, role))
