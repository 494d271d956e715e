"""A canary's call: an event of every kind, each field filled by what its schema says it holds, through the client's own methods.

Whatever may hold personal data does: texts, lists, changes, attributes with their keys, URLs, error texts. What the schema
declares to be words of a program (`pii` is `none`) gets such words.
"""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from earwitness.client import AuditClient
from earwitness.integrations.logging import AuditHandler
from earwitness.schemas import catalogue
from earwitness.schemas.lint import ENVELOPE
from leaks.canaries import Canary
from leaks.phrases import Said, sentence
from waiting import wait_for

__all__ = ["Call", "Calls"]

_OWN = ("trail.client_report",)
"""The client's own report of its counts: by hand, it would put the books out of order."""


class Call:
    """What one caller says in one call.

    Attributes:
        said: all texts that went out, in order.
    """

    def __init__(self, caller: Canary, seed: int) -> None:
        self.caller = caller
        self.said: list[Said] = []
        self._dice = random.Random(f"{seed} call {caller.number}")

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """For each kind: the client's method, and its arguments."""
        for kind in catalogue.kinds():
            if kind in _OWN:
                continue
            fields = catalogue.raw(kind).fields[len(ENVELOPE) :]
            yield kind.replace(".", "_"), {field["name"]: self._value(field, field["type"]) for field in fields}

    def text(self) -> str:
        """One or two sentences."""
        said = [sentence(self._dice, self.caller) for _ in range(self._dice.choice((1, 1, 2)))]
        self.said += said
        return ". ".join(each.text for each in said)

    def number(self) -> str:
        """The caller's number as a declared field may have it."""
        phone = self.caller.phone
        return self._dice.choice((f"+1{phone}", phone, f"({phone[:3]}) {phone[3:6]}-{phone[6:]}", f"1-{phone}"))

    def _value(self, field: dict[str, Any], kind: Any) -> Any:
        if isinstance(kind, list):
            kind = next(branch for branch in kind if branch != "null")
        schema = kind if isinstance(kind, dict) else {"type": kind}
        name = schema["type"]
        if name == "string":
            return self._string(field)
        if name == "enum":
            return self._dice.choice(schema["symbols"])
        if name == "array":
            return [self._value(field, schema["items"]) for _ in range(self._dice.randint(1, 3))]
        if name == "record":
            return {each["name"]: self._value(each, each["type"]) for each in schema["fields"]}
        if name == "map":
            return self._attributes() if schema["values"] == "string" else {}
        if schema.get("logicalType") == "timestamp-micros":
            return datetime.now(UTC)
        return {"boolean": True, "int": 3, "long": 7, "double": 0.5}[name]

    def _string(self, field: dict[str, Any]) -> str:
        caller = self.caller
        pii = field.get("pii", "none")
        if pii == "text":
            return self.text()
        made = {
            "none": lambda: f"{field['name']}_of_program",
            "phone": self.number,
            "name": lambda: self._dice.choice((caller.name, caller.name.title(), caller.name.upper())),
            "client": lambda: caller.client,
            "job": lambda: caller.job,
            "ip": lambda: caller.ip,
            "secret": lambda: caller.secret,
        }
        return made[pii]()

    def _attributes(self) -> dict[str, str]:
        """Keys of a program, and keys that somebody made of what a caller said."""
        caller = self.caller
        keys = (
            caller.phone,
            caller.mail,
            caller.name.title(),
            f"note from {caller.name}",
            f"+1{caller.phone}",
            caller.card,
        )
        return {"region": "us", "note": self.text(), self._dice.choice(keys): self.text()}


class Calls:
    """Sends calls through a client.

    Attributes:
        sent: events that the client took.
        kept_back: what exceptions said, which the client never tells.
    """

    def __init__(self, client: AuditClient) -> None:
        self._client = client
        self._handler = AuditHandler(client, most_events=1_000_000)
        self.sent = 0
        self.kept_back: list[Call] = []

    def send(self, call: Call) -> None:
        """Every event of a call, in its scope; nothing is left out because a queue is full."""
        with self._client.call(call_sid=call.caller.call_sid, caller=call.number()):
            for method, fields in call.events():
                emit = partial(getattr(self._client, method), **_with_structs(fields))
                wait_for(emit, 60, f"room for {method}")
                self.sent += 1
            if call.caller.number % 5 == 0:
                self._blocks(call)

    def _blocks(self, call: Call) -> None:
        """What the client's blocks and its log handler tell by themselves, with errors whose text holds what was said."""
        unsaid = Call(call.caller, call.caller.number)
        self.kept_back.append(unsaid)
        wait_for(lambda: self._client.stats().queued < 5_000, 60, "room in the queue")
        for block in (
            self._client.stage("confirm_job", input_mode="speech", user_input=call.text(), confidence=0.5),
            self._client.airtable(table="Jobs", operation="select", formula=call.text()),
            self._client.redis(operation="set", key=f"call:{call.caller.phone}"),
            self._client.s3(step="store", bucket="recordings", object_key=call.text(), url=call.caller.secret),
            self._client.timed("lookup", dependency="airtable"),
        ):
            with contextlib.suppress(LookupError), block:
                raise LookupError(unsaid.text())
        # A logger of its own, named without digits, or the handler leaves it out as a repeat.
        logger = "app." + "".join("abcdefghij"[int(digit)] for digit in str(call.caller.number))
        error = f"lookup failed for {call.text()}"
        self._handler.handle(logging.LogRecord(logger, logging.ERROR, "app.py", 1, error, (), None))
        self.sent += 6

    def settle(self, seconds: float = 120.0) -> None:
        """Until everything is delivered."""
        deadline = time.monotonic() + seconds
        while self._client.flush(5.0):
            assert time.monotonic() < deadline, self._client.stats()


def _with_structs(fields: dict[str, Any]) -> dict[str, Any]:
    from earwitness.schemas.events import Change

    if "changes" in fields:
        return fields | {"changes": [Change(**each) for each in fields["changes"]]}
    return fields
