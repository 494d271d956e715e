"""`earwitness schemas list|check|register`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from earwitness.cli.options import as_json, config_file
from earwitness.cli.output import Working, json_line, print_table
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue, history
from earwitness.schemas.compatibility import examine
from earwitness.schemas.errors import IncompatibleError
from earwitness.schemas.evolution import Finding
from earwitness.schemas.history import History, Version
from earwitness.schemas.lint import lint
from earwitness.schemas.schema import Definition, Stage

__all__ = ["schemas"]

_AVRO = Path(catalogue.__file__).parent / "avro"
_REGISTERED = ("subject", "version", "id", "state")


@click.group()
def schemas() -> None:
    """The events' schemas: what there is, what a change breaks, and their way into a registry."""


@schemas.command(name="list", epilog="Example: earwitness schemas list --all --json")
@click.option("--all", "older", is_flag=True, help="Every version, not only the newest.")
@as_json
def list_(older: bool, as_json: bool) -> None:  # noqa: FBT001
    """List the catalogue: every kind of event, as the app sends it and as it is stored, and the pipeline's records."""
    shown = [
        schema for schema in catalogue.schemas() if older or schema is catalogue.versions(schema.stage, schema.name)[-1]
    ]
    if as_json:
        json_line([_described(schema) for schema in shown])
        return
    print_table(
        ("stage", "name", "version", "id", "fields", "what it says"),
        [
            (each.stage, each.name, each.version, str(each.id), len(each.fields), each.definition["doc"])
            for each in shown
        ],
    )


@schemas.command(epilog="Example: earwitness schemas check job_lookup.avsc")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@as_json
def check(paths: tuple[Path, ...], as_json: bool) -> int:  # noqa: FBT001
    """Say what a change breaks, and whom. Exit code 1 when it breaks somebody.

    PATHS are schemas (.avsc, raw or of the pipeline) or folders of them, each of which takes the place of the one of its
    name. Without any, it is the package's own that are compared with what was released.
    """
    found = history.collect(_AVRO, dict(_changed(paths)))
    problems = [*found.problems, *_problems(found)]
    examined = examine(found)
    breaks = len(problems) + sum(finding.breaks for _, findings in examined for finding in findings)
    if as_json:
        json_line({"breaks": breaks, "problems": problems, "changed": [_told(*each) for each in examined]})
        return 1 if breaks else 0
    for problem in problems:
        click.echo(problem)
    for draft, findings in examined:
        click.echo(f"{draft.stage} {draft.name}, version {draft.number}:")
        for what, consequences in _by_change(findings).items():
            click.echo(f"  {what}")
            for each in consequences:
                click.echo(f"    {'breaks' if each.breaks else 'note for'} {each.whom}: {each.consequence}")
    if breaks:
        click.echo(f"It breaks {breaks} {'thing' if breaks == 1 else 'things'}.")
    else:
        click.echo("It breaks nobody." if examined else "Nothing has changed since the newest versions.")
    return 1 if breaks else 0


@schemas.command(epilog="Example: EARWITNESS_REGISTRY_URL=https://registry:8081 earwitness schemas register")
@config_file
@as_json
def register(config: Path | None, as_json: bool) -> int:  # noqa: FBT001
    """Register all schemas in all versions, the oldest first, and let the registry refuse what breaks readers.

    Registering again changes nothing. Exit code 1 when the registry refuses a version.
    """
    from earwitness.schemas.registration import register_all
    from earwitness.schemas.registry import Registry

    settings = Settings.load(os.environ, config)
    if settings.registry is None:
        raise UsageError("no registry is configured; set EARWITNESS_REGISTRY_URL (the embedded stack needs none)")
    rows: list[tuple[str, int, int, str]] = []
    refusal = ""
    try:
        with Working("registering"):
            for each in register_all(Registry(settings.registry)):
                state = "new" if each.is_new else "was there"
                rows.append((each.subject, each.schema.version, each.id, state))
    except IncompatibleError as error:
        refusal = str(error)
    if as_json:
        json_line([dict(zip(_REGISTERED, row, strict=True)) for row in rows])
    else:
        print_table(_REGISTERED, rows)
    if refusal:
        click.echo(f"earwitness: {refusal}", err=True)
    return 1 if refusal else 0


def _described(schema: catalogue.Schema) -> dict[str, Any]:
    return {
        "stage": schema.stage,
        "name": schema.name,
        "version": schema.version,
        "id": schema.id,
        "doc": schema.definition["doc"],
        "schema": schema.definition,
    }


def _changed(paths: Iterable[Path]) -> Iterator[tuple[tuple[Stage, str], Definition]]:
    pipeline = {schema.definition["name"]: schema.name for schema in catalogue.schemas() if schema.stage == "pipeline"}
    for path in paths:
        files = sorted(path.rglob("*.avsc")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"{path} holds no .avsc file")
        for file in files:
            definition = _parsed(file)
            if definition["name"] in pipeline and "kind" not in definition:
                yield ("pipeline", pipeline[definition["name"]]), definition
            elif ".masked." in str(definition.get("namespace")):
                raise UsageError(f"{file} is a masked schema, which is made from the raw one; check that one")
            elif isinstance(definition.get("kind"), str):
                yield ("raw", definition["kind"]), definition
            else:
                raise UsageError(
                    f"{file} has no kind and is no record of the pipeline; give the raw schema of an event"
                )


def _parsed(file: Path) -> Definition:
    import fastavro

    try:
        definition = json.loads(file.read_text("utf-8"))
        fastavro.parse_schema(definition, named_schemas={})
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, fastavro.schema.SchemaParseException) as error:
        raise UsageError(f"{file} is no Avro schema: {type(error).__name__}: {error}") from None
    if not isinstance(definition, dict) or definition.get("type") != "record":
        raise UsageError(f"{file} is no record; an event is one")
    return definition


def _problems(found: History) -> list[str]:
    return lint(version.schema for version in found.versions)


def _by_change(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    changes: dict[str, list[Finding]] = {}
    for finding in findings:
        changes.setdefault(finding.what, []).append(finding)
    return changes


def _told(draft: Version, findings: Iterable[Finding]) -> dict[str, Any]:
    return {
        "stage": draft.stage,
        "name": draft.name,
        "version": draft.number,
        "findings": [
            {"what": each.what, "whom": each.whom, "breaks": each.breaks, "consequence": each.consequence}
            for each in findings
        ],
    }
