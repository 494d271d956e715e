"""Runs the benchmarks: all of them one after the other, or those that are named.

    make bench                       all but the soaks, some minutes
    make bench NAME=end_to_end       one
    python tests/bench/run.py NAME [ARGUMENT …]    one, with arguments of its own

Each benchmark is a script that prints one JSON object. Each gets an embedded stack of its own, without workers: what one
leaves in topics and tables must not be the next one's load. It finds it through the environment, as its administrator.
Standard output has a line of JSON a benchmark, the machine's facts included; standard error has what a person reads. The
exit code is 1 when one fails; a goal that was missed is told and is no failure, because it says as much of the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine

from earwitness.embedded import control
from earwitness.runtime.errors import EarwitnessError

HERE = Path(__file__).resolve().parent
HOURS = {"soak", "client_soak"}
"""Run only when they are named."""


def names() -> list[str]:
    """All benchmarks there are."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main(arguments: list[str]) -> int:
    known = names()
    chosen, extra = (arguments[:1], arguments[1:]) if arguments else ([name for name in known if name not in HOURS], [])
    if unknown := [name for name in chosen if name not in known]:
        tell(f"bench: there is no benchmark {unknown[0]}; choose among {', '.join(known)}")
        return 2
    failed = []
    for name in chosen:
        tell(f"\n== {name}")
        try:
            with embedded() as environment:
                result = run(name, extra, environment)
        except EarwitnessError as error:
            tell(f"bench: {error}")
            result = None
        if result is None:
            failed.append(name)
            tell(f"{name}: FAILED")
            continue
        print(json.dumps(result), flush=True)
        tell("\n".join(table(result)))
    tell(f"\nbench: {'FAILED: ' + ', '.join(failed) if failed else 'done'}")
    return 1 if failed else 0


@contextlib.contextmanager
def embedded() -> Iterator[dict[str, str]]:
    """The environment of a running stack's administrator; the stack ends with this process, however it ends."""
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as directory:
        home = Path(directory) / "home"
        try:
            control.up(home, workers=(), progress=tell, foreground_child=True)
            yield control.environment(home, "admin")
        finally:
            control.down(home, tell)


def run(name: str, arguments: list[str], environment: dict[str, str]) -> dict[str, Any] | None:
    """One benchmark's result with the machine's facts; None when it failed."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EARWITNESS_")}
    before = machine.load()
    done = subprocess.run(
        [sys.executable, str(HERE / f"bench_{name}.py"), *arguments],
        env=clean | environment,
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    result = parsed(done.stdout)
    if done.returncode or result is None:
        tell(done.stdout)
        return None
    return {"bench": name, "machine": machine.facts(), "load_before": before} | {
        key: value for key, value in result.items() if key not in {"bench", "machine"}
    }


def parsed(output: str) -> dict[str, Any] | None:
    """The JSON object that a benchmark printed: all of its output, or its last line."""
    for text in (output, output.strip().rpartition("\n")[2]):
        with contextlib.suppress(json.JSONDecodeError):
            found = json.loads(text)
            return found if isinstance(found, dict) else None
    return None


def table(result: dict[str, Any]) -> list[str]:
    """What a person reads: a benchmark's `figures`, or every number in it, of repeated runs the median."""
    rows = [(figure["figure"], _number(figure["value"]), _verdict(figure)) for figure in result.get("figures", ())] or [
        (name, _number(value), "") for name, value in _numbers(result) if not name.startswith("machine")
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [f"  {what:<{widths[0]}}  {value:>{widths[1]}}  {verdict}".rstrip() for what, value, verdict in rows]


def _verdict(figure: dict[str, Any]) -> str:
    if "goal" not in figure:
        return ""
    return f"{'reached' if figure['met'] else 'MISSED'}: {figure['goal']}"


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        found: dict[str, list[float]] = {}
        for each in value:
            for key, number in _numbers(each, name):
                found.setdefault(key, []).append(number)
        yield from ((key, statistics.median(numbers)) for key, numbers in found.items())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main([argument for argument in sys.argv[1:] if argument]))
    except KeyboardInterrupt:
        sys.exit(130)
