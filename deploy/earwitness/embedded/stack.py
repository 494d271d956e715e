"""What the embedded stack consists of, in the order of its start, and how each role reaches it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from earwitness.embedded import ports
from earwitness.embedded.files import cannot_write
from earwitness.embedded.home import Home
from earwitness.embedded.secrets import CLICKHOUSE_USERS, KAFKA_USERS, Secrets
from earwitness.embedded.service import Service
from earwitness.embedded.supervisor import Progress, Step
from earwitness.runtime.errors import UsageError
from earwitness.runtime.secret import PREFIX
from earwitness.runtime.settings import ClickHouseSettings, KafkaSettings, MaskingSettings, Settings

__all__ = ["ROLES", "WORKERS", "role_environment", "steps"]

WORKERS = ("privacy", "sink")
ROLES = ("admin", "producer", "privacy", "sink", "analyst")

_PORTS = ("broker", "controller", "catalogue", "clickhouse")

# What a worker takes over from the environment of `earwitness up`: the machine's ways, and how much to log.
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "VIRTUAL_ENV", "EARWITNESS_LOG_LEVEL")


def steps(home: Home, workers: Sequence[str]) -> list[Step]:
    """The steps of a start: broker, users and topics, schema catalogue, ClickHouse, its tables, then the workers.

    Makes the secrets and chooses the ports, so it is called once a start, by the supervisor.

    Raises:
        UsageError: there is no such worker, or a secret is missing or not to be used.
        EarwitnessError: the home cannot be written.
    """
    for worker in workers:
        if worker not in WORKERS:
            raise UsageError(f"there is no worker {worker}; choose among {', '.join(WORKERS)}")
    secrets = Secrets(home.secrets)
    try:
        secrets.make(has_data=any(home.broker.iterdir()) or any(home.clickhouse.iterdir()))
        chosen = ports.assign(_PORTS, home.read_ports())
        home.write_ports(chosen)
    except OSError as error:
        raise cannot_write(error, home.path) from error
    if "privacy" in workers:
        from earwitness.privacy.dictionary import Dictionary
        from earwitness.privacy.keyring import KeyRing

        # Refused here, before anything runs, and not by the worker half a minute later.
        KeyRing.load(MaskingSettings(secrets.masking_key_file))
        settings = Settings.load({PREFIX + name: value for name, value in _users_privacy().items()})
        Dictionary.load(settings.privacy_dictionary)
    return [
        Step("starting the broker", lambda progress: _broker(home, secrets, chosen, progress), ready_seconds=120.0),
        Step("making Kafka users and topics", lambda _: _make_topics(secrets, chosen)),
        *([Step("registering schemas", lambda progress: _register(home, progress))] if _users_registry(home) else []),
        Step("starting the schema catalogue", lambda _: _catalogue(home, chosen), ready_seconds=30.0),
        Step("starting ClickHouse", lambda _: _clickhouse(home, secrets, chosen)),
        Step("making ClickHouse tables", lambda _: _make_tables(secrets, chosen)),
        *(Step(f"starting worker {worker}", _starter(home, worker)) for worker in workers),
    ]


def role_environment(home: Home, role: str) -> dict[str, str]:
    """The `EARWITNESS_…` variables of a role: addresses, its own logins, the keys it needs, nothing else.

    Raises:
        UsageError: no stack was ever started in this home, or there is no such role.
    """
    if role not in ROLES:
        raise UsageError(f"there is no role {role}; choose among {', '.join(ROLES)}")
    chosen = home.read_ports()
    if not chosen.keys() >= set(_PORTS):
        raise UsageError(f"no stack was ever started in {home.path}; run: earwitness up --home {home.path}")
    secrets = Secrets(home.secrets)
    values = {"HOME": str(home.path)}
    if role in KAFKA_USERS:
        values["KAFKA_BOOTSTRAP"] = f"{ports.HOST}:{chosen['broker']}"
        values["KAFKA_SASL_USERNAME"] = role
        values["KAFKA_SASL_PASSWORD_FILE"] = str(secrets.kafka_password_file(role))
    if role in {"admin", "producer"}:
        # What waited for this stack's broker is none of another stack's business.
        values["SPOOL_DIR"] = str(home.path / "spool")
    if role in {"admin", "sink", "analyst"}:
        values["CLICKHOUSE_URL"] = f"http://{ports.HOST}:{chosen['clickhouse']}"
        values["CLICKHOUSE_USER"] = role
        values["CLICKHOUSE_PASSWORD_FILE"] = str(secrets.clickhouse_password_file(role))
    if role in {"admin", "sink"}:
        values["CLICKHOUSE_REGISTRY_URL"] = _catalogue_url(chosen)
    if role == "privacy":
        values["MASKING_KEY_FILE"] = str(secrets.masking_key_file)
        values |= _users_privacy()
    if role in {"admin", "privacy"}:
        values["QUARANTINE_KEY_FILE"] = str(secrets.quarantine_key_file)
    return _users_registry(home) | {f"EARWITNESS_{name}": value for name, value in values.items()}


def _users_registry(home: Home) -> dict[str, str]:
    """The variables that name the user's own registry, from this process's environment, with paths that hold anywhere."""
    found = {name: value for name, value in os.environ.items() if name.startswith("EARWITNESS_REGISTRY_")}
    if not found.get("EARWITNESS_REGISTRY_URL"):
        return {}
    found.setdefault("EARWITNESS_REGISTRY_CACHE", str(home.path / "registry"))
    for name in ("EARWITNESS_REGISTRY_CACHE", "EARWITNESS_REGISTRY_PASSWORD_FILE", "EARWITNESS_REGISTRY_CA_FILE"):
        if found.get(name):
            found[name] = str(Path(found[name]).absolute())
    return found


def _users_privacy() -> dict[str, str]:
    """How the user wants free text masked, from this process's environment, with a path that holds anywhere."""
    names = ("PRIVACY_PRESET", "PRIVACY_DICTIONARY", "MASKING_KEEP_REGION")
    found = {name: value for name in names if (value := os.environ.get(PREFIX + name))}
    if "PRIVACY_DICTIONARY" in found:
        found["PRIVACY_DICTIONARY"] = str(Path(found["PRIVACY_DICTIONARY"]).absolute())
    return found


def _register(home: Home, progress: Progress) -> None:
    from earwitness.schemas.errors import RegistryAwayError
    from earwitness.schemas.registration import register_all
    from earwitness.schemas.registry import Registry

    registry = Settings.load(_users_registry(home)).registry
    if registry is None:
        return
    try:
        for _ in register_all(Registry(registry)):
            pass
    except RegistryAwayError as error:
        progress(f"{error}; going on with what it said before")


def _broker(home: Home, secrets: Secrets, chosen: dict[str, int], progress: Progress) -> Service:
    from earwitness.embedded.broker import broker_service
    from earwitness.embedded.jars import default_cache, resolve

    return broker_service(
        home.broker,
        chosen["broker"],
        chosen["controller"],
        secrets.kafka_password("admin"),
        secrets.kafka_password("controller"),
        resolve(default_cache(), progress),
        home.log("broker"),
    )


def _make_topics(secrets: Secrets, chosen: dict[str, int]) -> None:
    from earwitness.embedded.broker import admin_settings
    from earwitness.embedded.kafka_users import ensure_users
    from earwitness.runtime import topics
    from earwitness.runtime.kafka_admin import admin_client

    kafka: KafkaSettings = admin_settings(chosen["broker"], secrets.kafka_password("admin"))
    users = [user for user in KAFKA_USERS if user not in {"admin", "controller"}]
    ensure_users(kafka, {user: secrets.kafka_password(user) for user in users})
    admin = admin_client(kafka)
    topics.apply(admin, topics.plan(admin))


def _catalogue(home: Home, chosen: dict[str, int]) -> Service:
    from earwitness.embedded.catalogue_server import catalogue_service

    return catalogue_service(chosen["catalogue"], home.log("catalogue"), home.run, _users_registry(home))


def _clickhouse(home: Home, secrets: Secrets, chosen: dict[str, int]) -> Service:
    from earwitness.embedded.clickhouse import clickhouse_service

    return clickhouse_service(
        home.clickhouse,
        chosen["clickhouse"],
        {user: secrets.clickhouse_password(user) for user in CLICKHOUSE_USERS},
        _catalogue_url(chosen),
        home.log("clickhouse"),
    )


def _make_tables(secrets: Secrets, chosen: dict[str, int]) -> None:
    from earwitness.clickhouse import migrate

    url = f"http://{ports.HOST}:{chosen['clickhouse']}"
    migrate.apply(ClickHouseSettings(url=url, user="admin", password=secrets.clickhouse_password("admin")))


def _starter(home: Home, worker: str) -> Callable[[Progress], Service]:
    return lambda _: _worker(home, worker)


def _worker(home: Home, worker: str) -> Service:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return Service(
        name=worker,
        argv=[sys.executable, "-m", "earwitness.cli", "worker", worker],
        # Unbuffered, or a killed worker's last lines would be missing from its log.
        environment=inherited | role_environment(home, worker) | {"PYTHONUNBUFFERED": "1"},
        directory=home.run,
        log=home.log(worker),
        ready=home.ready_file(worker).exists,
    )


def _catalogue_url(chosen: dict[str, int]) -> str:
    return f"http://{ports.HOST}:{chosen['catalogue']}"
