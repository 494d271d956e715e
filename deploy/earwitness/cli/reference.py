"""`docs/command-line.md`, made from the commands' own definitions: `python -m earwitness.cli.reference [--check]`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from earwitness.cli.app import cli

__all__ = ["main", "page"]

PAGE = Path("docs/command-line.md")
_HEAD = """<!-- Made by `python -m earwitness.cli.reference`; do not edit. -->
# The command line

One command, `earwitness`, and what it can do. Every command has `--help`; where it prints a table, `--json` prints JSON.
On a terminal, tables have frames, what takes longer than two seconds shows that it works. Piped, columns are separated by tabs.

| exit code | means |
|---|---|
| 0 | done |
| 1 | the answer is no: a check failed, a line was refused, something differs |
| 2 | wrong use, wrong input, wrong settings: trying again changes nothing |
| 3 | a part that is needed is away or failed |
| 130 | interrupted |

An error is one line on standard error: what, where, what to do. `EARWITNESS_LOG_LEVEL=DEBUG` shows where it came from.

Commands use the embedded stack of `--home`, unless `--config` is given or the environment names a broker or a ClickHouse
(`EARWITNESS_KAFKA_BOOTSTRAP`, `EARWITNESS_CLICKHOUSE_URL`): then they use [those settings](settings.md), and nothing embedded.

Completion: `source <(earwitness completion bash)` in `~/.bashrc`, the same with `zsh` in `~/.zshrc`;
`earwitness completion fish > ~/.config/fish/completions/earwitness.fish`.
"""


def page() -> str:
    """The whole page."""
    commands = list(_commands(cli, ()))
    contents = "".join(
        f"| [`{' '.join(path)}`](#{'-'.join(path)}) | {_cell(command.get_short_help_str(200))} |\n"
        for path, command in commands
    )
    sections = "".join(_section(path, command) for path, command in commands)
    return f"{_HEAD}\n| command | what it does |\n|---|---|\n{contents}{sections}"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` say whether it is up to date; returns the exit code."""
    if not PAGE.parent.is_dir():
        sys.stderr.write("run this in the project's root directory\n")
        return 2
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    sys.stdout.write(f"{PAGE} is not what the commands say; run: python -m earwitness.cli.reference\n")
    return 1


def _commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        elif command is not None and not command.hidden:
            yield (*path, name), command


def _section(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(("earwitness", *path)))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    text = inspect.cleandoc(command.help or "").replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")
    example = (command.epilog or "").removeprefix("\b\n").removeprefix("Example: ")
    rows = [record for each in command.params if (record := each.get_help_record(context)) is not None]
    options = "".join(f"| `{_cell(names)}` | {_cell(words)} |\n" for names, words in rows)
    table = f"\n| option | |\n|---|---|\n{options}" if options else ""
    return f"\n## {' '.join(path)}\n\n```\n{usage}\n$ {example}\n```\n\n{text}\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
