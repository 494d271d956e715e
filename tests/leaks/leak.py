"""Sends calls of people who were made to be looked for through a pipeline of its own, and looks for them in all that is left.

    python tests/leaks/leak.py --calls 10000

It looks in every topic but the raw ones (by a consumer, and in the broker's files), in every table and every file of ClickHouse,
in all logs, in dead letters and the sealed quarantine, in what commands and the client say, and after two crashes. Exit code 0:
nothing was found there, and everything in the raw topics.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "faults")]

from pipeline import Pipeline  # noqa: E402

from leaks.proof import Proof, Report  # noqa: E402


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20_261_130)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="leaks-") as directory:
        work = Path(directory) / "client"
        work.mkdir()
        pipeline = Pipeline(Path(directory) / "home")
        pipeline.up()
        try:
            pipeline.mark()
            say("the pipeline is up")
            report = Proof(pipeline, work, options.calls, options.seed, say).run()
        finally:
            pipeline.down()
    say("done")
    _print(report, as_json=options.json)
    return 1 if report.findings or report.left or report.in_raw < report.values else 0


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        told = {
            name: getattr(report, name)
            for name in ("calls", "events", "broken", "values", "in_raw", "masked", "stored")
        }
        print(json.dumps(told | {"searched": report.searched, "found": len(report.findings), "left": report.left}))
        return
    print(
        f"{report.calls:,} calls, {report.events:,} events, {report.broken:,} broken records, {report.letters:,} dead letters"
    )
    print(
        f"{report.masked:,} masked, {report.stored:,} stored; {report.in_raw:,} of {report.values:,} values are in the raw topics"
    )
    print("searched, MB: " + ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in report.searched.items()))
    print(f"found elsewhere: {len(report.findings)}; pieces in records of their own call: {sum(report.left.values())}")
    for finding in report.findings[:30]:
        print(f"  {finding.where}: {finding.form!r} in {finding.context!r}")
    for where, count in report.left.most_common(30):
        print(f"  {count} x {where}")
    for example in report.examples[:30]:
        print(f"  {example}")


if __name__ == "__main__":
    sys.exit(main())
