"""Sends canaries through a running pipeline, and looks for them in everything that it left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from earwitness.client import AuditClient
from earwitness.runtime.topic_names import RAW
from earwitness.schemas import codec
from earwitness.schemas.errors import DatumError, UnknownSchemaError
from earwitness.schemas.lint import ENVELOPE
from leaks import places
from leaks.broken import bad_events, bad_lines, broken_records
from leaks.calls import Call, Calls
from leaks.canaries import canary
from leaks.search import Finding, Pieces, Search
from waiting import wait_for

__all__ = ["Proof", "Report"]

_T = TypeVar("_T")

SERVICE = "leaks"
_BROKEN, _LONG = 25, 3
"""So many callers have records that cannot be read; of those, so many have one that is too large when it is masked."""
_PROGRAMS_WORDS = frozenset(ENVELOPE) - {"caller"} | {"received_at", "inserted_at", "updated_at", "source_topic_id"}
_COMMANDS = (
    ("status", "--json"),
    ("ledger", "--json"),
    ("deadletters", "list", "--json"),
    ("doctor", "--json"),
    ("spool", "status", "--json"),
)


@dataclass
class Report:
    """What was sent, where it was looked for, and what was found."""

    calls: int = 0
    events: int = 0
    values: int = 0
    broken: int = 0
    in_raw: int = 0
    masked: int = 0
    stored: int = 0
    letters: int = 0
    searched: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


class Proof:
    """One run.

    Args:
        pipeline: a pipeline of this run's own, with both workers (`tests/faults/pipeline.py`).
        work: a directory for the client's own log.
        say: told what is being done.
    """

    def __init__(self, pipeline: Any, work: Path, calls: int, seed: int, say: Callable[[str], None]) -> None:
        self.pipeline = pipeline
        self._work = work
        self._say = say
        self.calls = [Call(canary(number, seed), seed) for number in range(calls)]
        self.report = Report(calls=calls)
        self._texts: list[tuple[str, str]] = []
        self._refused: list[Call] = []
        self._pieces: dict[int, Pieces] = {}

    def run(self) -> Report:
        """Send, wait until all is stored or dead, search."""
        with _logged(self._work / "client.log"):
            self._send()
        self.pipeline.wait_ready("privacy", "sink")
        wait_for(lambda: self.pipeline.ledger(5.0)["in_flight"] == 0, 600, "everything is stored")
        for command in _COMMANDS:
            done = self.pipeline.run(*command, "--home", str(self.pipeline.home.path))
            self._texts.append((f"earwitness {' '.join(command)}", done.out + done.err))
        self.report.values = len(Search(self._values()).forms)
        self.search = Search([*self._values(), *(value for call in self._refused for value in _said(call))])
        self._say(f"searching for {len(self.search.forms):,} values")
        self._search()
        return self.report

    def _values(self) -> Iterator[str]:
        """Each value of each caller that was sent: as it is, and as it was said."""
        for call in self.calls:
            caller = call.caller
            yield from (caller.name, caller.last, caller.phone, caller.client, caller.job, caller.ip, caller.secret)
            yield from _said(call)

    def _send(self) -> None:
        client = self.pipeline.client(SERVICE)
        strict = self.pipeline.client(SERVICE + "-strict", strict=True)
        calls = Calls(client)
        crashes = {
            len(self.calls) // 3: ("privacy", signal.SIGABRT),
            2 * len(self.calls) // 3: ("sink", signal.SIGSEGV),
        }
        every = max(1, len(self.calls) // _BROKEN)
        for call in self.calls:
            calls.send(call)
            number = call.caller.number
            if number % every == 0:
                self._break(call, client, strict, with_long=number // every < _LONG)
            if number in crashes:
                calls.settle()
                name, how = crashes[number]
                self._say(f"{number} calls, {calls.sent} events; {name} crashes")
                os.kill(self.pipeline.pid(name), how)
        calls.settle()
        self._refused += calls.kept_back
        self.report.events = calls.sent
        client.close()
        strict.close()

    def _break(self, call: Call, client: AuditClient, strict: AuditClient, *, with_long: bool) -> None:
        records = list(broken_records(call, with_long=with_long))
        for topic in {record.topic for record in records}:
            of_topic = [record for record in records if record.topic == topic]
            self.pipeline.write(topic, [record.value for record in of_topic], headers=of_topic[0].headers)
        self.report.broken += len(records)
        # What is refused here never comes to the raw topics.
        refused = Call(call.caller, call.caller.number)
        self._refused.append(refused)
        bad_events(client, refused)
        self._texts.append(("what a strict client raises", "\n".join(bad_events(strict, refused))))
        if with_long:
            done = self.pipeline.run("emit", "--home", str(self.pipeline.home.path), stdin=bad_lines(refused))
            self._texts.append(("earwitness emit", done.out + done.err))

    # Searching

    def _search(self) -> None:
        for where, text in self._texts:
            self._note(where, self.search.in_text(where, text), len(text))
        for topic in sorted(self.pipeline.admin.list_topics(timeout=10).topics):
            if not topic.startswith((RAW, "__")):
                self._topic(topic)
        self._say("topics are searched")
        clickhouse = places.ClickHouse(self.pipeline.settings("admin").need_clickhouse())
        clickhouse_tables = clickhouse.tables()
        for database, table in clickhouse_tables:
            self._table(clickhouse, f"{database}.{table}")
            self._say(f"{database}.{table} is searched")
        self._say(f"{len(clickhouse_tables)} tables are searched")
        self.report.findings += self.in_files()
        self._say("files are searched")
        self._raw()

    def in_files(self) -> list[Finding]:
        """What is found in the files."""
        found: list[Finding] = []
        for path, data in places.files(
            self.pipeline.home, self._work, leave_out=self.pipeline.settings("producer").spool.directory
        ):
            found += self.search.in_bytes(f"file {path.name} in {path.parent.name}", data)
            self.report.searched["files"] += len(data)
        return found

    def _raw(self) -> None:
        """The same search finds every value in the raw topics: it can find, and everything was there."""
        search = Search(self._values())
        found: set[str] = set()
        for path, data in places.raw_topics(self.pipeline.home):
            found.update(finding.form for finding in search.in_bytes(path.parent.name, data))
        # In Avro's bytes the next field's length may be a letter, which makes another word of a number's last one.
        for topic in sorted(self.pipeline.admin.list_topics(timeout=10).topics):
            for message in self.pipeline.read(topic) if topic.startswith(RAW) else ():
                with contextlib.suppress(DatumError, UnknownSchemaError):
                    text = "\x00".join(_strings(codec.decode(message.value() or b"")[1]))
                    found.update(finding.form for finding in search.in_text(topic, text))
        self.report.in_raw = len(found)

    def _topic(self, topic: str) -> None:
        by_sid = {call.caller.call_sid: call for call in self.calls}
        letters: set[bytes | None] = set()
        for messages in _batches(self.pipeline.read(topic)):
            whole = b"\x00".join(part for message in messages for part in _parts(message))
            self._note("topics", self.search.in_bytes(topic, whole), len(whole))
            if topic == "audit.dead-letters":  # told again after a crash, under the same key
                letters.update(message.key() for message in messages)
            if topic.startswith("audit.masked."):
                for message in messages:
                    schema, record = codec.decode(message.value())
                    self.report.masked += record["service"] == SERVICE
                    self._remains(by_sid.get(record["call_sid"]), record, f"{topic} {schema.kind}")

        self.report.letters += len(letters)

    def _table(self, clickhouse: places.ClickHouse, table: str) -> None:
        by_sid = {call.caller.call_sid: call for call in self.calls}
        rows = clickhouse.rows(f"SELECT * FROM {table}")  # noqa: S608 - a name that it gave itself
        names = next(rows)
        for some in _batches(rows):
            text = "\x00".join(_strings(some))
            self._note("tables", self.search.in_text(table, text), len(text))
            if "call_sid" in names:
                for row in some:
                    record = dict(zip(names, row, strict=True))
                    self.report.stored += table == "store.events" and record["service"] == SERVICE
                    self._remains(by_sid.get(record["call_sid"]), record, table)

    def _remains(self, call: Call | None, record: dict[str, Any], where: str) -> None:
        """Even a piece of a value is too much in a record of its own call."""
        if call is None:
            return
        pieces = self._pieces.get(call.caller.number)
        if pieces is None:
            pieces = self._pieces[call.caller.number] = Pieces(_words(call), _numbers(call))
        told = {name: value for name, value in record.items() if name not in _PROGRAMS_WORDS}
        if not pieces.left(_strings(told)):
            return
        for name, value in told.items():
            texts = list(_strings(value))
            for piece in pieces.left(texts):
                self.report.left[f"{where} {name}"] += 1
                if len(self.report.examples) < 50:
                    self.report.examples.append(f"{where} {name}: {piece!r} in {' | '.join(texts)[:400]!r}")

    def _note(self, where: str, findings: Iterator[Finding], size: int) -> None:
        self.report.searched[where] += size
        self.report.findings += findings


def _batches(things: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(things)
    while batch := list(islice(left, 500)):
        yield batch


def _parts(message: Any) -> Iterator[bytes]:
    yield message.key() or b""
    yield message.value() or b""
    for name, value in message.headers() or ():
        yield name.encode()
        yield value or b""


def _said(call: Call) -> Iterator[str]:
    return (value for said in call.said for value in said.values)


def _words(call: Call) -> tuple[str, ...]:
    caller = call.caller
    local = caller.mail.partition("@")[0]
    short = (caller.first, caller.last, caller.street, caller.code, caller.zip, caller.house)
    return (*short, local, caller.password, caller.licence, caller.client)


def _numbers(call: Call) -> tuple[str, ...]:
    caller = call.caller
    return (caller.phone, caller.card, caller.ssn, caller.iban[2:], caller.job, caller.ip.replace(".", ""))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


class _logged:  # noqa: N801 - reads as a verb in `with`
    """What the client and its libraries log, at any level, goes into a file."""

    def __init__(self, path: Path) -> None:
        self._handler = logging.FileHandler(path)
        self._logger = logging.getLogger()

    def __enter__(self) -> None:
        self._level = self._logger.level
        self._logger.addHandler(self._handler)
        self._logger.setLevel(logging.DEBUG)

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level)
        self._logger.removeHandler(self._handler)
        self._handler.close()
