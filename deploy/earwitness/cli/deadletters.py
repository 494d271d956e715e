"""`earwitness deadletters list|explain|reinject`."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from earwitness.cli.letters import REASONS, Choice, choose, count, meaning
from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Working, json_line, print_table
from earwitness.clickhouse.server import Server
from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvents
from earwitness.client.publisher import Publisher, emit
from earwitness.runtime.errors import EarwitnessError, UsageError
from earwitness.runtime.settings import Settings
from earwitness.runtime.topic_names import RAW
from earwitness.schemas import framing
from earwitness.schemas.errors import DatumError, SchemaError, UnknownSchemaError
from earwitness.schemas.walker import compile_finder
from earwitness.schemas.wire import WireIds, wire_ids
from earwitness.stream.quarantine import DONE, PutBack, Quarantine, State
from earwitness.stream.sealing import QuarantineKey

__all__ = ["deadletters"]

_reason = click.option("--reason", type=click.Choice(REASONS), help="Only those with this reason.")
_topic = click.option("--topic", help="Only those of this topic.")
_schema = click.option("--schema-id", type=int, help="Only those whose frame names this schema.")
_SHOWN = 100


@click.group(epilog="Example: earwitness deadletters list --reason unknown_schema")
def deadletters() -> None:
    """What could not be read: where it stands and why, and the way back into the pipeline."""


@deadletters.command(name="list", epilog="Example: earwitness deadletters list --reason unknown_schema --json")
@home
@config_file
@_reason
@_topic
@_schema
@as_json
def list_(
    *, home: Path, config: Path | None, reason: str | None, topic: str | None, schema_id: int | None, as_json: bool
) -> None:
    """List dead letters, the newest first, at most 100."""
    choice = Choice(reason, topic, schema_id)
    with contextlib.closing(Server(settings_for("admin", home, config).need_clickhouse())) as server:
        letters, total = choose(server, choice, most=_SHOWN), count(server, choice)
    if as_json:
        for letter in letters:
            json_line(letter)
    else:
        columns = ("position", "stage", "reason", "schema id", "bytes", "received at", "detail")
        print_table(columns, [each.row for each in letters])
    if total > len(letters):
        click.echo(f"the newest {len(letters)} of {total}", err=True)


@deadletters.command(epilog="Example: earwitness deadletters explain audit.raw.call:3:1742")
@click.argument("position")
@home
@config_file
@as_json
def explain(position: str, *, home: Path, config: Path | None, as_json: bool) -> None:
    """Say of the record at POSITION (topic:partition:offset) why it was set aside, and what can be done."""
    settings = settings_for("admin", home, config)
    with contextlib.closing(Server(settings.need_clickhouse())) as server:
        letters = choose(server, Choice(positions=(position,)))
    if not letters:
        raise UsageError(f"there is no dead letter of {position}; see: earwitness deadletters list")
    with Working("reading the quarantine"):
        states = _quarantine(settings).states([each.place for each in letters])
    for letter in letters:
        says, does = meaning(letter)
        back = _state(states[letter.place])
        if as_json:
            json_line(msgspec.to_builtins(letter) | {"means": says, "do": does, "bytes_are": back})
            continue
        click.echo(f"{letter.position}, received at {letter.received_at}, set aside by {letter.stage}: {letter.reason}")
        click.echo(f"  it said   {letter.detail}")
        click.echo(f"  means     {says}")
        click.echo(f"  to do     {does}")
        click.echo(f"  its bytes {back}")


@deadletters.command(
    epilog="Example: earwitness deadletters reinject --reason unknown_schema --because 'workers upgraded'"
)
@home
@config_file
@_reason
@_topic
@_schema
@click.option(
    "--position", "positions", multiple=True, help="Only this one, as topic:partition:offset; may be repeated."
)
@click.option("--because", help="Why; it is kept in the trail, masked.")
@click.option("--again", is_flag=True, help="Also those that were put back before, or may have been.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@as_json
def reinject(
    *,
    home: Path,
    config: Path | None,
    reason: str | None,
    topic: str | None,
    schema_id: int | None,
    positions: tuple[str, ...],
    because: str | None,
    again: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Open sealed records and put them back into their raw topics, with their keys.

    Only those that this release can read, and none twice: what was put back before is passed over and counted. The trail
    tells who did it (trail.admin_action). Exit code 1 when some of the chosen ones stay where they are.
    """
    choice = Choice(reason, topic, schema_id, positions)
    if choice == Choice():
        raise UsageError(
            "choose some, by --reason, --topic, --schema-id or --position; see: earwitness deadletters list"
        )
    settings = settings_for("admin", home, config)
    wire = wire_ids(settings.registry)
    quarantine = _quarantine(settings)
    with contextlib.closing(Server(settings.need_clickhouse())) as server:
        places = {each.place for each in choose(server, choice)}
    with Working("reading the quarantine"):
        states = quarantine.states(places)
    told = {
        "chosen": len(places),
        "back_before": sum(state.mark == DONE for state in states.values()),
        "perhaps_back": sum(state.mark not in {b"", DONE} for state in states.values()),
        "without_bytes": sum(not state.is_sealed for state in states.values()),
    }
    wanted = [place for place, state in states.items() if state.is_sealed and (again or not state.mark)]
    result = PutBack()
    try:
        with Working("putting back"):
            quarantine.put_back(wanted, _problem(wire), result, dry_run=dry_run)
    finally:
        if result.done and not dry_run:
            _tell_the_trail(settings, wire, result, because)
    told |= {"unreadable": result.unreadable.total(), "put_back": result.done}
    if as_json:
        json_line(told | {"dry_run": dry_run, "unreadable_by_reason": result.unreadable})
    else:
        _print(told, result, again=again, dry_run=dry_run)
    return 1 if len(places) > result.done + (0 if again else told["back_before"]) else 0


def _print(told: dict[str, int], result: PutBack, *, again: bool, dry_run: bool) -> None:
    would = "would be put back" if dry_run else "put back"
    click.echo(f"{told['chosen']} chosen, {result.done} {would}")
    if told["back_before"] and not again:
        click.echo(f"{told['back_before']} were put back before; --again does it once more")
    if told["perhaps_back"] and not again:
        click.echo(
            f"{told['perhaps_back']} may be back: a run was cut off with them; look for their events in the raw topic, "
            "and give --again if they are not there"
        )
    if told["without_bytes"]:
        click.echo(
            f"{told['without_bytes']} have no sealed bytes: the sink set them aside, or the quarantine's time is over"
        )
    for reason, number in result.unreadable.items():
        click.echo(f"{number} stay: this release cannot read them either ({reason})")


def _quarantine(settings: Settings) -> Quarantine:
    return Quarantine(settings.need_kafka(), QuarantineKey.from_file(settings.quarantine_key_file))


def _state(state: State) -> str:
    if state.mark == DONE:
        return "were put back into their raw topic"
    if state.mark:
        return "may have been put back: the run that did it was cut off"
    return "are in the quarantine, sealed" if state.is_sealed else "are not in the quarantine"


def _problem(wire: WireIds) -> Callable[[str, bytes], str]:
    """Says why a worker of this release would set a record aside again."""

    def problem(topic: str, value: bytes) -> str:
        try:
            schema = wire.schema_of(framing.schema_id(value))
            if schema.stage != "raw":
                return "unknown_schema"
            if RAW + schema.family != topic:
                return "malformed"
            compile_finder(schema.definition, ())(value, framing.HEADER_SIZE)
        except (UnknownSchemaError, SchemaError):
            return "unknown_schema"
        except DatumError as error:
            return error.reason
        return ""

    return problem


def _tell_the_trail(settings: Settings, wire: WireIds, result: PutBack, because: str | None) -> None:
    event: dict[str, Any] = {
        "kind": "trail.admin_action",
        "action": "reinject_dead_letters",
        "subject": getpass.getuser(),
        "target": ", ".join(sorted(result.topics)),
        "outcome": "success",
        "justification": because,
        "affected": result.done,
    }
    origin = Origin.here(settings.service, settings.environment, settings.tenant)
    problems: list[object] = []
    with Publisher(settings.need_kafka(), "earwitness-deadletters", wire) as publisher:
        lines: Sequence[bytes] = [msgspec.json.encode(event)]
        emitted = emit(lines, JsonEvents(origin), publisher, problems.append)
    if not emitted.delivered:
        reasons = ", ".join(emitted.failed) or "the event was refused"
        raise EarwitnessError(f"{result.done} records are back, but the trail does not say so: {reasons}")
