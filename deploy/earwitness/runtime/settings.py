"""Settings of every process, read once at start from the environment or a TOML file.

A name is `EARWITNESS_<NAME>` in the environment and the same name in lower case, without the prefix, in TOML:
`EARWITNESS_KAFKA_BOOTSTRAP` is `kafka_bootstrap = "…"`. The environment wins. Whatever starts with
`kafka_` and is not named below goes to librdkafka, with its dots as underscores:
`EARWITNESS_KAFKA_SSL_CA_LOCATION` is librdkafka's `ssl.ca.location`. Unknown names stop the start.

A secret is always the *path of a file* (`…_PASSWORD_FILE`, `…_KEY_FILE`), or what a command prints (`…_KEY_COMMAND`): so it
stands neither in a process's arguments nor in its environment, and `repr` of a settings object never shows one.

This module needs the standard library only, because the client inside the voice app reads its settings here too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.masking_settings import NAMES as _MASKING
from earwitness.runtime.masking_settings import MaskingSettings
from earwitness.runtime.secret import PREFIX, Secret, read_private_file
from earwitness.runtime.setting_values import Preset, boolean, from_file, level, path, preset, url
from earwitness.runtime.spool_settings import NAMES as _SPOOL
from earwitness.runtime.spool_settings import Durability, SpoolSettings, durability

__all__ = [
    "ClickHouseSettings",
    "Durability",
    "KafkaSettings",
    "MaskingSettings",
    "RegistrySettings",
    "Secret",
    "Settings",
    "SpoolSettings",
    "read_private_file",
]

_OWN = {
    "enabled",
    "environment",
    "service",
    "tenant",
    "home",
    "registry_url",
    "registry_user",
    "registry_password_file",
    "registry_ca_file",
    "registry_cache",
    "quarantine_key_file",
    "privacy_preset",
    "privacy_dictionary",
    "clickhouse_url",
    "clickhouse_user",
    "clickhouse_password_file",
    "clickhouse_registry_url",
    "kafka_bootstrap",
    "kafka_security_protocol",
    "kafka_sasl_mechanism",
    "kafka_sasl_username",
    "kafka_sasl_password_file",
    "log_level",
    *_MASKING,
    *_SPOOL,
}


@dataclass(frozen=True)
class KafkaSettings:
    """How to reach the broker.

    `bootstrap` is `host:port[,host:port]`; `extra` holds librdkafka properties by their own names (with dots).
    """

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: Secret | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    def librdkafka(self) -> dict[str, str | int | float | bool | None]:
        """The connection's part of a librdkafka configuration. Holds the password: never log it."""
        config: dict[str, str | int | float | bool | None] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol,
        }
        if self.sasl_mechanism is not None:
            config["sasl.mechanism"] = self.sasl_mechanism
        if self.username is not None and self.password is not None:
            config["sasl.username"] = self.username
            config["sasl.password"] = self.password.reveal()
        return config | dict(self.extra)


@dataclass(frozen=True)
class ClickHouseSettings:
    """How to reach ClickHouse: `url` is `http(s)://host:port`."""

    url: str
    user: str = "default"
    password: Secret | None = None


@dataclass(frozen=True)
class RegistrySettings:
    """How to reach the user's schema registry.

    Attributes:
        url: the root of its Confluent API: `http(s)://host:port[/path]`.
        cache: a directory where what it said is kept for the time when it is away.
        user: with `password`, for basic authentication.
        ca_file: what vouches for its certificate; None is the system's.
    """

    url: str
    cache: Path
    user: str | None = None
    password: Secret | None = None
    ca_file: Path | None = None


@dataclass(frozen=True)
class Settings:
    """All settings of one process. A part that a process does not need may be absent (None)."""

    enabled: bool = True
    environment: str = "dev"
    service: str = "ivr"
    tenant: str = "default"
    home: Path = Path(".earwitness")
    masking: MaskingSettings = field(default_factory=MaskingSettings)
    quarantine_key_file: Path | None = None
    privacy_preset: Preset = "balanced"
    privacy_dictionary: Path | None = None
    log_level: str = "INFO"
    kafka: KafkaSettings | None = None
    clickhouse: ClickHouseSettings | None = None
    clickhouse_registry_url: str | None = None
    """Where ClickHouse asks for schemas; None leaves that to its own configuration."""
    registry: RegistrySettings | None = None
    """None: the catalogue gives the ids."""
    durability: Durability = "spool_first"
    spool: SpoolSettings = field(default_factory=SpoolSettings)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
        """Read the environment (default: this process's) over the TOML `file`, if one is given.

        Raises:
            SettingsError: a name is unknown, a value malformed, a file of a secret unusable.
        """
        values = from_file(file) if file is not None else {}
        for name, value in (os.environ if environ is None else environ).items():
            if name.startswith(PREFIX):
                values[name.removeprefix(PREFIX).lower()] = value
        unknown = sorted(name for name in values if name not in _OWN and not name.startswith("kafka_"))
        if unknown:
            raise SettingsError(
                f"unknown setting {PREFIX}{unknown[0].upper()}; known are "
                + ", ".join(PREFIX + name.upper() for name in sorted(_OWN)),
            )
        return cls(
            enabled=boolean("enabled", values.get("enabled", "1")),
            environment=values.get("environment", cls.environment),
            service=values.get("service", cls.service),
            tenant=values.get("tenant", cls.tenant),
            home=Path(values["home"]) if "home" in values else cls.home,
            masking=MaskingSettings.read(values),
            quarantine_key_file=path(values.get("quarantine_key_file")),
            privacy_preset=preset(values.get("privacy_preset", cls.privacy_preset)),
            privacy_dictionary=path(values.get("privacy_dictionary")),
            log_level=level(values.get("log_level", cls.log_level)),
            kafka=_kafka(values),
            clickhouse=_clickhouse(values),
            clickhouse_registry_url=_clickhouse_registry(values),
            registry=_registry(values),
            durability=durability(values),
            spool=SpoolSettings.read(values, values.get("environment", cls.environment)),
        )

    def need_kafka(self) -> KafkaSettings:
        """The broker's settings.

        Raises:
            SettingsError: none are given.
        """
        if self.kafka is None:
            raise SettingsError(f"no broker is configured; set {PREFIX}KAFKA_BOOTSTRAP, or run: earwitness up")
        return self.kafka

    def need_clickhouse(self) -> ClickHouseSettings:
        """ClickHouse's settings.

        Raises:
            SettingsError: none are given.
        """
        if self.clickhouse is None:
            raise SettingsError(f"no ClickHouse is configured; set {PREFIX}CLICKHOUSE_URL, or run: earwitness up")
        return self.clickhouse


def _kafka(values: Mapping[str, str]) -> KafkaSettings | None:
    bootstrap = values.get("kafka_bootstrap")
    if not bootstrap:
        return None
    password_file = path(values.get("kafka_sasl_password_file"))
    username = values.get("kafka_sasl_username")
    if (username is None) != (password_file is None):
        raise SettingsError(
            f"{PREFIX}KAFKA_SASL_USERNAME and {PREFIX}KAFKA_SASL_PASSWORD_FILE go together; only one is set"
        )
    return KafkaSettings(
        bootstrap=bootstrap,
        security_protocol=values.get("kafka_security_protocol", "SASL_PLAINTEXT" if username else "PLAINTEXT").upper(),
        sasl_mechanism=values.get("kafka_sasl_mechanism", "SCRAM-SHA-256" if username else None),
        username=username,
        password=Secret.from_file(password_file, setting="kafka_sasl_password_file") if password_file else None,
        extra={
            name.removeprefix("kafka_").replace("_", "."): value
            for name, value in values.items()
            if name.startswith("kafka_") and name not in _OWN
        },
    )


def _clickhouse(values: Mapping[str, str]) -> ClickHouseSettings | None:
    address = url("clickhouse_url", values.get("clickhouse_url"))
    if address is None:
        return None
    password_file = path(values.get("clickhouse_password_file"))
    return ClickHouseSettings(
        url=address,
        user=values.get("clickhouse_user", "default"),
        password=Secret.from_file(password_file, setting="clickhouse_password_file") if password_file else None,
    )


def _registry(values: Mapping[str, str]) -> RegistrySettings | None:
    address = url("registry_url", values.get("registry_url"))
    if address is None:
        return None
    user, password_file = values.get("registry_user"), path(values.get("registry_password_file"))
    if (user is None) != (password_file is None):
        raise SettingsError(f"{PREFIX}REGISTRY_USER and {PREFIX}REGISTRY_PASSWORD_FILE go together; only one is set")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return RegistrySettings(
        url=address,
        cache=path(values.get("registry_cache")) or caches / "earwitness" / "registry",
        user=user,
        password=Secret.from_file(password_file, setting="registry_password_file") if password_file else None,
        ca_file=path(values.get("registry_ca_file")),
    )


def _clickhouse_registry(values: Mapping[str, str]) -> str | None:
    given = url("clickhouse_registry_url", values.get("clickhouse_registry_url"))
    # A password cannot go to ClickHouse with the address: it would stand in its query log.
    return given or (None if "registry_user" in values else url("registry_url", values.get("registry_url")))
