"""What a busy app's event loop suffers from the client's worker, which competes with it for the interpreter.

    make bench NAME=client_loop
    EARWITNESS_HOME=… python tests/bench/bench_client_loop.py [--rounds 3] [--rate 1000] [--uvicorn-rate 300] [--seconds 15]

Needs a running embedded stack, or a broker in EARWITNESS_KAFKA_*. Requests arrive at random moments (Poisson, the same ones for
every system) at a steady mean rate, whatever becomes of those before; each reads a form and gives six events. Lag is how much
later than due the loop comes to a timer; asyncio rounds waits up to a millisecond, so an idle loop has half a one. Figures are
medians of the rounds; ratios are those of the same round to the same requests without events (`none`).

    loop/…      an event loop alone: each system in a process of its own, in turns
    uvicorn/…   a FastAPI app on uvicorn with the client's middleware and lifespan; the requests come from another process
    /down       the broker is cut off by a proxy when all is warm

Prints JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import statistics
import sys
from pathlib import Path
from typing import Any

from client_systems import children, systems
from client_systems.children import DOWN, Child

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
from proxy import Proxy

GOAL = 1.2
NONE = "none"
LOOP, UVICORN = "loop/", "uvicorn/"
OURS = tuple(name + end for name in systems.OURS for end in ("", DOWN))
CHOICES = (
    *(LOOP + name for name in (NONE, *OURS, "off", *systems.ABROAD, "confluent")),
    *(UVICORN + name for name in (NONE, *systems.OURS)),
)
USUAL = ",".join(
    [LOOP + name for name in (NONE, *systems.OURS, "spool_first" + DOWN, "queue", "otel", "confluent")]
    + [UVICORN + name for name in (NONE, "spool_first")]
)
ADDRESS = "EARWITNESS_KAFKA_BOOTSTRAP"


def in_loop(system: str, broker: dict[str, str], rate: float, seconds: float) -> Any:
    """An event loop alone."""
    name, _, is_down = system.partition("/")
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(children.scratch())
        proxy = stack.enter_context(Proxy(broker[ADDRESS])) if is_down else None
        if proxy is not None:
            broker = broker | {ADDRESS: proxy.address}
        environ = children.environment(name, broker, directory)
        arguments = [name, str(rate), str(seconds), str(directory)]
        child = stack.enter_context(Child("client_loop/lag.py", arguments, environ, children.python(name)))
        child.expect("ready")
        if proxy is not None:
            proxy.cut()
        child.go()
        return child.result()


def on_uvicorn(name: str, broker: dict[str, str], rate: float, seconds: float) -> dict[str, Any]:
    """A real app, and who calls it."""
    with children.scratch() as directory:
        environ = children.environment(name, broker, directory)
        with Child("client_loop/app.py", [name], environ) as app:
            port = app.line()
            with Child("client_loop/caller.py", [port, str(rate), str(seconds)], {}) as caller:
                found = caller.result()
            app.process.terminate()
            return found | app.result(-signal.SIGTERM)


def measure(system: str, broker: dict[str, str], rate: float, seconds: float) -> dict[str, Any]:
    """One system, once.

    Raises:
        ChildError: events were refused: then it was measured with less to do than the others.
    """
    where, _, name = system.partition("/")
    found: dict[str, Any] = (in_loop if where + "/" == LOOP else on_uvicorn)(name, broker, rate, seconds)
    if found["refused"] and DOWN not in system:
        raise children.ChildError(f"{system}: {found['refused']} events were refused")
    return found


def summary(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    figures = []
    for system, found in runs.items():
        parts = [("lag", "p50"), ("lag", "p99"), ("lag", "max"), ("events", "p50"), ("events", "p99")]
        parts += [("answer", "p50"), ("answer", "p99")] if "answer" in found[0] else []
        for part, percentile in parts:
            values = [run[part][percentile] for run in found]
            if any(values):
                figure = {"figure": f"{system}, {part} {percentile}, µs", "value": round(statistics.median(values), 1)}
                figures.append(figure | {"least": min(values), "most": max(values)})
        if any(failed := [run.get("failed", 0) for run in found]):
            # The app did not keep up: what it was late by says how long that lasted, and nothing else.
            figures.append({"figure": f"{system}, requests that found no connection", "value": max(failed)})
        alone = runs.get(system.partition("/")[0] + "/" + NONE)
        if alone and found is not alone:
            values = [run["lag"]["p99"] / base["lag"]["p99"] for run, base in zip(found, alone, strict=True)]
            value = round(statistics.median(values), 2)
            figure = {"figure": f"{system}, lag p99 against {NONE}", "value": value}
            figure |= {"least": round(min(values), 2), "most": round(max(values), 2)}
            is_ours = system.partition("/")[2] in OURS
            figures.append(figure | ({"goal": f"<= {GOAL}", "met": value <= GOAL} if is_ours else {}))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1000.0, help="requests a second")
    parser.add_argument(
        "--uvicorn-rate",
        type=float,
        default=300.0,
        help="requests a second, where a real server has them: it does not reach a thousand on a core",
    )
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--systems", default=USUAL)
    given = parser.parse_args()
    chosen = given.systems.split(",")
    if unknown := [system for system in chosen if system not in CHOICES]:
        parser.error(f"there is no system {unknown[0]}; choose among {', '.join(CHOICES)}")
    broker = children.reached()
    runs: dict[str, list[dict[str, Any]]] = {system: [] for system in chosen}
    for number in range(given.rounds):
        for system in random.Random(number).sample(chosen, len(chosen)):
            children.tell(f"round {number + 1}: {system}")
            rate = given.uvicorn_rate if system.startswith(UVICORN) else given.rate
            runs[system].append(measure(system, broker, rate, given.seconds))
    rates = {"rate": given.rate, "uvicorn_rate": given.uvicorn_rate, "seconds": given.seconds}
    print(json.dumps(rates | {"runs": runs, "figures": summary(runs)}))


if __name__ == "__main__":
    main()
