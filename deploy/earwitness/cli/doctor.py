"""`earwitness doctor`: what is wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from earwitness.cli.options import as_json, home, own_settings
from earwitness.cli.output import json_line
from earwitness.doctor.examination import examine_embedded, examine_own
from earwitness.doctor.findings import Finding, exit_code

__all__ = ["doctor"]

_COLOURS = {"ok": "green", "note": "cyan", "problem": "red", "unknown": "yellow"}


@click.command(
    epilog="Example: earwitness doctor --config /etc/earwitness/sink.toml --config /etc/earwitness/admin.toml"
)
@home
@click.option(
    "--config",
    "configs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Settings as TOML, one file a user; may be given several times. An administrator's sees most.",
)
@as_json
def doctor(*, home: Path, configs: tuple[Path, ...], as_json: bool) -> int:
    """Look for what is wrong: settings, broker, logins, ACLs, topics, registry, ClickHouse, tables, clocks, ports, disk.

    It changes nothing. Exit code 0: nothing is wrong; 1: something is; 3: nothing was found, but not all could be
    looked at.
    """
    own = own_settings(configs[0] if configs else None)
    findings: list[Finding] = []
    for finding in examine_own(configs) if own else examine_embedded(home):
        findings.append(finding)
        if not as_json:
            click.echo(
                f"{click.style(f'{finding.outcome:<7}', fg=_COLOURS[finding.outcome])}  {finding.check:<10}  {finding.line}"
            )
    code = exit_code(findings)
    if as_json:
        json_line({"exit_code": code, "findings": findings})
    else:
        counts = {outcome: sum(each.outcome == outcome for each in findings) for outcome in _COLOURS}
        click.echo(
            f"{counts['problem']} problems; {counts['ok']} checks are fine"
            + (f", {counts['unknown']} could not be made" if counts["unknown"] else "")
            + "."
        )
    return code
