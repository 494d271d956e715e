"""`earwitness completion`: the script with which a shell completes commands, options and the names of views."""

from __future__ import annotations

import re

import click
from click.shell_completion import CompletionItem, get_completion_class

__all__ = ["completion", "views_in"]

_SHELLS = ("bash", "zsh", "fish")
_WORD = re.compile(r"[A-Za-z_][\w.]*\Z")


@click.command(epilog="Example: source <(earwitness completion bash)")
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(*, shell: str) -> None:
    """Print the completion script of a shell: bash 4.4 or newer, zsh, fish."""
    found = get_completion_class(shell)
    if found is not None:
        script = found(click.Group(), {}, "earwitness", "_EARWITNESS_COMPLETE")
        # Not `source()`: for bash it starts the one on the PATH to look at its version, and there may be none.
        click.echo(script.source_template % script.source_vars())


def views_in(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - how click calls it
    """Completes the last word of an SQL statement to a view's name."""
    from earwitness.clickhouse.views import views

    found = _WORD.search(incomplete)
    word = found[0] if found else ""
    before = incomplete[: len(incomplete) - len(word)]
    names = [view.full_name for view in views()]
    return [CompletionItem(before + name) for name in names if word and name.startswith(word)]
