"""The command's frame: its subcommands, loaded when they are called, and how an error leaves it.

Exit codes: 0 done, 1 the answer is no, 2 wrong use or wrong input, 3 a part that is needed is away. An error is one line
on standard error: what, where, what to do.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from earwitness.runtime.errors import EarwitnessError

try:
    import click
except ModuleNotFoundError:  # pragma: no cover  the client's installation has no command
    sys.stderr.write("earwitness: the command needs the pipeline's packages; run: pip install 'earwitness[pipeline]'\n")
    sys.exit(2)

__all__ = ["cli", "main"]

_COMMANDS = {
    "demo": ("earwitness.cli.demo", "Run the whole pipeline and show the result."),
    "up": ("earwitness.cli.stack", "Start the embedded stack and its workers."),
    "down": ("earwitness.cli.stack", "Stop the embedded stack."),
    "status": ("earwitness.cli.stack", "Show processes, rates, lag and the ledger."),
    "worker": ("earwitness.cli.worker", "Run one worker in the foreground."),
    "emit": ("earwitness.cli.emit", "Publish events given as JSON lines."),
    "scan": ("earwitness.cli.scan", "Find personal data in texts, and mask it."),
    "review": ("earwitness.cli.review", "Show how the newest records are masked, and why."),
    "topics": ("earwitness.cli.topics", "Show or make the topics and their ACLs."),
    "schemas": ("earwitness.cli.schemas", "List schemas, say what a change breaks, register them."),
    "clickhouse": ("earwitness.cli.clickhouse", "Show or make tables, views and rights in ClickHouse."),
    "query": ("earwitness.cli.query", "Run SQL in ClickHouse as an analyst."),
    "ledger": ("earwitness.cli.ledger", "Check that nothing is missing."),
    "deadletters": ("earwitness.cli.deadletters", "What could not be read, and its way back."),
    "spool": ("earwitness.cli.spool", "What waits on an app's disk, and its way into Kafka."),
    "doctor": ("earwitness.cli.doctor", "Find what is wrong, and say what to do."),
    "completion": ("earwitness.cli.completion", "Print a shell's completion script."),
}

_AS_IT_IS = "\b\n"  # to click: do not wrap this paragraph
_OUTPUT_ERRORS = {errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF}


class _Commands(click.Group):
    """Imports a subcommand's module when it is needed, so that the command starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name][0]), cmd_name)
        _keep_example(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _keep_example(command: click.Command) -> None:
    """An example stands on one line, however narrow the terminal, so that it can be copied."""
    if command.epilog and not command.epilog.startswith(_AS_IT_IS):
        command.epilog = _AS_IT_IS + command.epilog
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        _keep_example(each)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="\b\nExample: earwitness up && earwitness query 'SELECT kind, count() FROM audit.events GROUP BY kind'",
)
@click.version_option(package_name="earwitness")
def cli() -> None:
    """The audit trail of a voice app: events in, masked, counted, queryable in seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us: what is written goes nowhere
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets its number; that is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads our output has seen enough; without this Python complains at exit.
        _close_output()
        return 0
    except OSError as error:
        _close_output()
        return _fail(f"cannot write the output: {error.strerror or error}; send it somewhere else", 3)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(args=arguments, prog_name="earwitness", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        path = where.command_path if where is not None else "earwitness"
        return _fail(f"{error.format_message()}  (see: {path} --help)", 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except EarwitnessError as error:
        return _fail(str(error), error.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUTPUT_ERRORS and error.filename is None:
            raise
        if os.environ.get("EARWITNESS_LOG_LEVEL", "").upper() == "DEBUG":
            raise
        return _fail(f"internal error, {type(error).__name__}: {error}  (EARWITNESS_LOG_LEVEL=DEBUG shows where)", 3)
    return result if isinstance(result, int) else 0


def _close_output() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    with contextlib.suppress(OSError):
        # One line, whatever somebody else's words hold.
        sys.stderr.write(f"earwitness: {' '.join(message.split())}\n")
    return code
