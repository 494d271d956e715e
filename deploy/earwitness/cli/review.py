"""`earwitness review`: what masking does to the newest records, for the privacy officer. Only masked text is shown."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Working, json_line
from earwitness.cli.review_page import lines, print_page
from earwitness.cli.review_sample import take
from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.report import Reporter
from earwitness.privacy.site import Preset, Site
from earwitness.schemas import catalogue
from earwitness.schemas.wire import wire_ids
from earwitness.stream.newest import Bounds, Newest

__all__ = ["review"]

GROUP = "earwitness-privacy"
"""The one group that the privacy worker's user may name; nobody joins it here."""


@click.command(epilog="Example: earwitness review --kind call.stage_transition --records 5")
@home
@config_file
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(catalogue.kinds()),
    multiple=True,
    metavar="KIND",
    help="Only this kind; may be repeated.",
)
@click.option(
    "--records", type=click.IntRange(1, 1_000), default=10, show_default=True, help="The newest so many of each kind."
)
@click.option(
    "--look-back",
    type=click.IntRange(1, 1_000_000),
    default=Bounds.records,
    show_default=True,
    help="Read at most so many records of a partition.",
)
@click.option(
    "--megabytes",
    type=click.IntRange(1, 4_096),
    default=Bounds.size >> 20,
    show_default=True,
    help="Read at most so much altogether.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 3_600),
    default=Bounds.seconds,
    show_default=True,
    help="Read at most so long.",
)
@click.option("--preset", type=click.Choice(get_args(Preset)), help="Try this one instead of the configured one.")
@click.option(
    "--dictionary",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Try this site dictionary instead of the configured one.",
)
@as_json
def review(
    *,
    home: Path,
    config: Path | None,
    kinds: tuple[str, ...],
    records: int,
    look_back: int,
    megabytes: int,
    seconds: float,
    preset: Preset | None,
    dictionary: Path | None,
    as_json: bool,
) -> int:
    """Mask the newest records of each kind in memory, as the privacy worker does it, and show the masked text.

    Beside each text stands what was replaced and by which rule, and what still looks like somebody's: its form, never its
    letters. It reads the raw topics with the privacy worker's settings and key, commits no offset and stores nothing.
    Exit code 1 when this report and the masker do not agree somewhere.
    """
    settings = settings_for("privacy", home, config)
    kafka, keys = settings.need_kafka(), KeyRing.load(settings.masking)
    site = Site(preset or settings.privacy_preset, Dictionary.load(dictionary or settings.privacy_dictionary))
    wire = wire_ids(settings.registry)
    schemas = RawSchemas(keys.eras(keep_region=settings.masking.keep_region), wire, site=site)
    newest = Newest(kafka, GROUP, Bounds(look_back, megabytes << 20, seconds))
    with Working("masking the newest records"):
        found = take(newest, schemas, Reporter(schemas, wire), kinds or catalogue.kinds(), records)
    said = f"{site}, key {keys}"
    if as_json:
        for line in lines(found, newest, said):
            json_line(line)
    else:
        print_page(found, newest, said)
    return 1 if found.disagreements else 0
