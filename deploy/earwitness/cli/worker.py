"""`earwitness worker`: one worker in the foreground."""

from __future__ import annotations

import gc
import importlib
from pathlib import Path

import click

from earwitness.cli.options import config_file
from earwitness.embedded.home import Home
from earwitness.runtime import logs
from earwitness.runtime.settings import Settings

__all__ = ["worker"]

_WORKERS = {"privacy": "earwitness.privacy.worker", "sink": "earwitness.clickhouse.worker"}


@click.command(epilog="Example: earwitness worker sink --config /etc/earwitness/sink.toml")
@click.argument("name", type=click.Choice(list(_WORKERS)))
@config_file
def worker(*, name: str, config: Path | None) -> int:
    """Run one worker until SIGTERM; its settings come from the environment or a TOML file.

    It ends with 0 after a signal, when all that it began is finished and committed; with another code after a failure.
    Start it again then: it goes on where it was, and nothing is lost.
    """
    settings = Settings.load(file=config)
    logs.configure(settings.log_level)
    # What imports make stays; looking for garbage among it takes a third of a start.
    gc.disable()
    module = importlib.import_module(_WORKERS[name])
    gc.freeze()
    gc.enable()
    result: int = module.run(settings, lambda: Home(settings.home).say_ready(name))
    return result
