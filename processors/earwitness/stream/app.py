"""One Faust app a stage, with the settings that were measured, and nothing that Faust would open or create by itself."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.types.auth import SASLMechanism
from mode import CrashingSupervisor
from yarl import URL

from earwitness.runtime.errors import EarwitnessError, SettingsError
from earwitness.runtime.settings import KafkaSettings
from earwitness.stream.loop import SliceLoop
from earwitness.stream.options import SliceOptions
from earwitness.stream.topics import Topics

__all__ = ["SliceApp", "add_loop", "build_app", "ssl_context"]

_SSL = {
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
}


class SliceApp(faust.App):
    """A Faust app that reads slices; the transport finds its options here.

    Attributes:
        ended_by: why the loop gave up. Faust's own reason may be the cancellation that follows from it.
    """

    logger = logging.getLogger("faust")  # else Faust's own messages would come under this module's name
    slices: SliceOptions = SliceOptions()
    topics_read: Topics | None = None
    ended_by: EarwitnessError | None = None


class _NoTables(TableManager):
    """Faust's own waits a second at every start for tables to be declared; there are none here."""

    logger = logging.getLogger("faust")

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


def build_app(name: str, kafka: KafkaSettings, options: SliceOptions | None = None, *, directory: Path) -> SliceApp:
    """An app that reads slices as consumer group `name`.

    Args:
        name: the consumer group.
        kafka: the broker; of librdkafka's own properties those of TLS hold here too.
        options: sizes and times.
        directory: where Faust may put files, this process's own. It has none to put, but insists on having one.

    Raises:
        SettingsError: a security setting is one that Faust cannot follow.
    """
    options = options or SliceOptions()
    app = SliceApp(
        name,
        broker=[URL(f"slices://{server.strip()}") for server in kafka.bootstrap.split(",")],
        broker_credentials=_credentials(kafka),
        broker_client_id=name,
        broker_session_timeout=options.session_seconds,
        broker_heartbeat_interval=options.heartbeat_seconds,
        broker_rebalance_timeout=options.rebalance_seconds,
        broker_request_timeout=max(40.0, options.session_seconds),
        broker_max_poll_records=options.max_poll,
        broker_commit_interval=options.commit_seconds,
        consumer_max_fetch_size=options.partition_fetch_bytes,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=options.buffered_slices,
        stream_wait_empty=True,
        processing_guarantee="at_least_once",
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=directory,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
        TableManager=_NoTables,
    )
    app.slices = options
    return app


def add_loop(app: SliceApp, topics: Sequence[str], loop: SliceLoop) -> None:
    """Give the app its one agent, over all its topics. It ends the process when it fails; it is never restarted in place."""
    channel = app.topic(*topics, key_type=bytes, key_serializer="raw", value_type=bytes, value_serializer="raw")

    async def slices(stream: Any) -> None:
        await loop.run(stream)

    app.agent(channel, name=f"{app.conf.id}.slices", concurrency=1, supervisor_strategy=CrashingSupervisor)(slices)


def _credentials(kafka: KafkaSettings) -> Any:
    protocol = kafka.security_protocol
    context = ssl_context(kafka) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL_"):
        mechanism = kafka.sasl_mechanism or "SCRAM-SHA-256"
        if mechanism not in {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} or kafka.password is None:
            raise SettingsError(
                f"the workers log in with user and password (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), not by {mechanism}; "
                "set EARWITNESS_KAFKA_SASL_USERNAME and …_PASSWORD_FILE"
            )
        return faust.SASLCredentials(
            username=kafka.username,
            password=kafka.password.reveal(),
            mechanism=SASLMechanism(mechanism),
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context=context)


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext:
    """What librdkafka's TLS settings mean to aiokafka.

    Raises:
        SettingsError: one of them is not supported.
    """
    extra = {name: value for name, value in kafka.extra.items() if name.startswith(("ssl.", "enable.ssl"))}
    unknown = sorted(extra.keys() - _SSL)
    if unknown:
        raise SettingsError(f"the workers do not support {unknown[0]}; of TLS they know {', '.join(sorted(_SSL))}")
    context = ssl.create_default_context(cafile=extra.get("ssl.ca.location"))
    if extra.get("ssl.endpoint.identification.algorithm") == "none":
        context.check_hostname = False
    if "ssl.certificate.location" in extra:
        context.load_cert_chain(
            extra["ssl.certificate.location"], extra.get("ssl.key.location"), extra.get("ssl.key.password")
        )
    return context
