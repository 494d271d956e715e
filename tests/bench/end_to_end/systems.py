"""The three systems that are measured: what each needs before its run, its processes, and where its rows arrive."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from confluent_kafka.admin import AdminClient, NewTopic
from end_to_end import peers

from earwitness.clickhouse import tables
from earwitness.embedded import control
from earwitness.runtime.settings import ClickHouseSettings, KafkaSettings, Settings
from earwitness.schemas import catalogue

PEERS = ("faust", "quixstreams")
SYSTEMS = ("earwitness", *PEERS)
PRODUCER = "bench-"
"""How every benchmark's producer ids begin."""

_HERE = Path(__file__).parent
_PARTITIONS = 6
_INHERITED = ("HOME", "LANG", "PATH", "PYTHONPATH", "TMPDIR", "TZ")
_PERSONAL = {"phone", "name", "client", "job", "ip", "text", "secret"}


@dataclass(frozen=True)
class Plan:
    """One run of one system.

    Attributes:
        raw: prefix of the topics that are filled before.
        table: where the rows arrive; one that nobody else writes to meanwhile.
        commands: its processes by name.
        environments: of each.
    """

    raw: str
    table: str
    commands: dict[str, list[str]]
    environments: dict[str, dict[str, str]]


class Bench:
    """One embedded stack, seen as its administrator."""

    def __init__(self, home: Path, directory: Path) -> None:
        self._home = home
        self._directory = directory
        settings = Settings.load(control.environment(home, "admin"))
        self.kafka: KafkaSettings = settings.need_kafka()
        self._admin = AdminClient(self.kafka.librdkafka())
        self._login = _login(settings.need_clickhouse())
        self.clickhouse: Client = clickhouse_connect.get_client(**self._login, autogenerate_session_id=False)

    def servers(self) -> dict[str, int]:
        """The processes that all systems share."""
        services = {service.name: service.process for service in control.status(self._home).services}
        return {name: process.pid for name in ("broker", "clickhouse") if (process := services[name]) is not None}

    @contextlib.contextmanager
    def plan(self, system: str) -> Iterator[Plan]:
        """What a run of that system needs; what was made for it is gone afterwards."""
        if system == "earwitness":
            self._empty_ours()
            yield self._ours()
            return
        name = f"bench-{system}-{uuid.uuid4().hex[:8]}"
        topics = [f"{name}-{stage}-{family}" for stage in ("raw", "masked") for family in catalogue.FAMILIES]
        events = next(landing.target for landing in tables.landings() if landing.target.name == "events")
        target = dataclasses.replace(events, name=name.replace("-", "_"))
        for future in self._admin.create_topics([NewTopic(topic, _PARTITIONS, 1) for topic in topics]).values():
            future.result(30)
        self.clickhouse.command(target.create())
        try:
            yield self._peer(system, name, target)
        finally:
            self.clickhouse.command(f"DROP TABLE {target.full_name} SYNC")
            for future in self._admin.delete_topics(topics).values():
                future.result(30)

    def _empty_ours(self) -> None:
        """Every run begins with an empty table, as the peers' do: merges of earlier runs' rows are no part of it."""
        table = f"{tables.DATABASE}.events"
        count = f"SELECT count() FROM {table} WHERE NOT startsWith(producer_id, '{PRODUCER}')"
        if foreign := int(self.clickhouse.command(count)):
            raise RuntimeError(f"{table} holds {foreign} rows that are no benchmark's: give the benchmark its own home")
        self.clickhouse.command(f"TRUNCATE TABLE {table} SYNC")

    def _ours(self) -> Plan:
        stages = ("privacy", "sink")
        return Plan(
            raw="audit.raw.",
            table=f"{tables.DATABASE}.events",
            commands={stage: [sys.executable, "-m", "earwitness.cli", "worker", stage] for stage in stages},
            environments={stage: _inherited() | control.environment(self._home, stage) for stage in stages},
        )

    def _peer(self, system: str, name: str, target: tables.Table) -> Plan:
        given = {
            "kafka": self.kafka.librdkafka(),
            "clickhouse": self._login,
            "group": name,
            "raw": f"{name}-raw-",
            "masked": f"{name}-masked-",
            "families": catalogue.FAMILIES,
            "directory": str(self._directory / name),
            "masking_key": secrets.token_hex(32),
            "table": target.full_name,
            "blank": _blank(target),
            "schemas": {schema.id: _described(schema) for schema in map(catalogue.raw, catalogue.kinds())},
        }
        file = self._directory / f"{name}.json"
        # It holds the administrator's passwords.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            json.dump(given, output)
        python = peers.python() if system == "quixstreams" else Path(sys.executable)
        commands = {
            "masker": [str(python), str(_HERE / f"peer_{system}.py"), str(file)],
            "sink": [sys.executable, str(_HERE / "peer_sink.py"), str(file)],
        }
        return Plan(f"{name}-raw-", target.full_name, commands, dict.fromkeys(commands, _inherited()))


def _login(settings: ClickHouseSettings) -> dict[str, Any]:
    password = settings.password.reveal() if settings.password is not None else ""
    return {"dsn": settings.url, "username": settings.user, "password": password}


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {"PYTHONUNBUFFERED": "1"}


def _blank(target: tables.Table) -> dict[str, Any]:
    """The peers' columns (kind, position, the raw fields) with what stands where a kind has no such field."""
    raw = {field["name"] for kind in catalogue.kinds() for field in catalogue.raw(kind).fields}
    wanted = raw | {"kind", "source_partition", "source_offset", "received_at"}
    empty = {"Array": [], "Map(": {}}
    return {
        column.name: empty.get(column.type[:5], empty.get(column.type[:4]))
        for column in target.columns
        if column.name in wanted
    }


def _described(schema: catalogue.Schema) -> dict[str, Any]:
    personal = [
        (field["name"], field["pii"])
        for field in schema.fields
        if field.get("pii") in _PERSONAL and field["name"] != "attributes" and "array" not in str(field["type"])
    ]
    return {"kind": schema.kind, "definition": schema.definition, "personal": personal}
