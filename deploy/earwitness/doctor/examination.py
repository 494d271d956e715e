"""The whole examination: which checks apply to what there is, in the order in which one should read them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from earwitness.clickhouse.server import Server
from earwitness.doctor import clocks
from earwitness.doctor.broker import check_login, check_rights, check_topics
from earwitness.doctor.credentials import check_files, check_settings
from earwitness.doctor.findings import Finding, unknown
from earwitness.doctor.machine import check_disk, check_ports, check_processes
from earwitness.doctor.places import Place, administrator, embedded_places, own_places, stages
from earwitness.doctor.recreated import check_recreated, ledgered, topic_ids
from earwitness.doctor.registry import check_registry, check_schema_server
from earwitness.doctor.stages import check_stages
from earwitness.doctor.warehouse import check_clickhouse, check_disks, check_tables
from earwitness.embedded import control
from earwitness.embedded.home import Home
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.kafka_admin import admin_client
from earwitness.runtime.kafka_clock import broker_times
from earwitness.runtime.settings import ClickHouseSettings
from earwitness.runtime.stages import look

__all__ = ["examine_embedded", "examine_own"]

Clock = Callable[[], float]


def examine_embedded(home: Path, clock: Clock = time.time) -> Iterator[Finding]:
    """Look at the embedded stack in a home; findings come as they are made.

    Raises:
        UsageError: no stack was ever started there.
    """
    place = Home(home)
    places, findings = embedded_places(home)
    state = control.status(home)
    yield from findings
    yield from check_settings(places)
    yield from check_files(
        [place.path, place.secrets, place.broker, place.clickhouse], [place.secrets, place.clickhouse / "etc"]
    )
    yield from check_disk(place.path)
    yield from check_ports(place.read_ports(), state)
    processes = check_processes(home, state)
    yield from processes
    if state.phase == "ready":
        yield from _examine(places, clock)


def examine_own(files: Sequence[Path], clock: Clock = time.time) -> Iterator[Finding]:
    """Look at the broker and the ClickHouse that settings name.

    Args:
        files: settings files, one a user; without any, the environment is looked at.
        clock: this machine's clock.
    """
    places, findings = own_places(files)
    yield from findings
    yield from check_settings(places)
    yield from _examine(places, clock)


def _examine(places: Sequence[Place], clock: Clock) -> Iterator[Finding]:
    admin, brokers = administrator(places), [place for place in places if place.settings.kafka is not None]
    accepted = []
    for place in brokers:
        login = check_login(place)
        yield login
        if login.outcome == "ok":
            accepted.append(place)
    for place in stages(accepted):
        yield from check_rights(place)
    warehouse, found = _clickhouse(places)
    yield from found
    if brokers and (admin is None or admin in accepted):
        yield from _topics(admin, accepted, warehouse, clock)
    if warehouse is not None:
        yield from check_tables(warehouse)
        with contextlib.closing(Server(warehouse, timeout=5.0)) as server:
            yield from check_disks(server, warehouse.url)
            yield from _attempt("clocks", "ClickHouse's clock", lambda: [_clickhouse_clock(server, clock)])
    yield from _registries(places)


def _registries(places: Sequence[Place]) -> Iterator[Finding]:
    registries = {each.url: each for place in places if (each := place.settings.registry) is not None}
    for registry in registries.values():
        yield check_registry(registry)
    asked = {place.settings.clickhouse_registry_url: place.settings.registry for place in places}
    for url, ids_from in asked.items():
        if url is not None:
            yield check_schema_server(url, ids_from)


def _clickhouse(places: Sequence[Place]) -> tuple[ClickHouseSettings | None, list[Finding]]:
    """What each login finds; and whose sees most: a user that is neither the sink nor an analyst, where there is one."""
    findings: list[Finding] = []
    accepted: list[ClickHouseSettings] = []
    for place in places:
        if place.settings.clickhouse is not None:
            found = check_clickhouse(place)
            findings += found
            if all(finding.outcome == "ok" for finding in found):
                accepted.append(place.settings.clickhouse)
    rank = ["analyst", "sink"]
    accepted.sort(key=lambda each: rank.index(each.user) if each.user in rank else len(rank))
    return (accepted[-1] if accepted else None), findings


def _topics(
    admin: Place | None, accepted: Sequence[Place], warehouse: ClickHouseSettings | None, clock: Clock
) -> Iterator[Finding]:
    looker = admin or (accepted[0] if accepted else None)
    if looker is None:
        return
    client = admin_client(looker.settings.need_kafka())
    yield from check_topics(client)
    if warehouse is not None:
        now = datetime.fromtimestamp(clock(), UTC)
        with contextlib.closing(Server(warehouse, timeout=30.0)) as server:
            yield from _attempt(
                "topics", "topic ids", lambda: check_recreated(ledgered(server), topic_ids(client), now)
            )
    yield from _attempt("stages", "the consumer groups", lambda: check_stages(look(client)))
    kafka = looker.settings.need_kafka()
    yield from _attempt(
        "clocks", "the broker's clock", lambda: [clocks.compare("the broker's clock", broker_times(kafka, clock))]
    )


def _clickhouse_clock(server: Server, clock: Clock) -> Finding:
    return clocks.compare("ClickHouse's clock", clocks.clickhouse_times(server, clock))


def _attempt(check: str, where: str, look_at: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look_at()
    except EarwitnessError as error:
        return [
            unknown(
                check,
                where,
                str(error),
                "mend what stands above, or give the settings of an administrator with --config",
            )
        ]
