# ruff: noqa: ASYNC109, D102 (as inherited)
"""The client: what an app gives it is in Kafka some milliseconds later, and the app never notices how."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from earwitness.client import context, forks
from earwitness.client.audit import Audit
from earwitness.client.capture import Limits
from earwitness.client.context import Binding, CallScope
from earwitness.client.identity import Origin
from earwitness.client.noop import NoopAudit
from earwitness.client.stats import Stats
from earwitness.runtime.settings import Settings
from earwitness.schemas.events import Event

if TYPE_CHECKING:
    from earwitness.client.outbox import Outbox

__all__ = ["AuditClient"]

_REGISTRY_SECONDS = 2.0  # for one question, during which the worker does nothing else


class AuditClient(Audit):
    """The audit trail of one service: `audit = AuditClient.from_env(service="ivr")`, once, where the app starts.

    Starts no thread before the first event, so it may be made before a server forks its workers.

    Args:
        settings: where Kafka is, environment, tenant.
        service: the service's name; default: the settings'.
        strict: for development and tests: an event that does not fit its kind raises `InvalidEventError` where it is
            emitted. Otherwise it is counted and declared lost.
        limits: how much may wait in memory.
        report_seconds: how often the client reports its own counts into the stream.

    Raises:
        SettingsError: no broker is configured, or the settings of broker or registry cannot be used. Nothing raises after that.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        service: str | None = None,
        strict: bool = False,
        limits: Limits | None = None,
        report_seconds: float = 60.0,
    ) -> None:
        # Not before it is known that the client is wanted: these imports are what an app that is switched off is spared.
        from earwitness.client import producer
        from earwitness.client.outbox import Outbox
        from earwitness.schemas.wire import wire_ids

        self._kafka = settings.need_kafka()
        producer.check(self._kafka)
        self._service = service or settings.service
        self._environment = settings.environment
        self._tenant = settings.tenant
        self._make = partial(
            Outbox,
            connect=partial(producer.connect, self._kafka),
            strict=strict,
            limits=limits or Limits(),
            report_seconds=report_seconds,
            wire_ids=wire_ids(settings.registry, seconds=_REGISTRY_SECONDS),
            on_start=self._on_start,
        )
        self._closes_at_exit = False
        self._renew()
        forks.follow(self)

    @classmethod
    def from_env(
        cls,
        service: str | None = None,
        *,
        strict: bool = False,
        environ: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> Audit:
        """The client as the environment's `EARWITNESS_…` variables say, or its no-op twin with `EARWITNESS_ENABLED=0`.

        Args:
            service: the service's name; default: `EARWITNESS_SERVICE`.
            strict: see the class.
            environ: instead of this process's environment.
            file: TOML that holds the same settings; the environment wins.

        Raises:
            SettingsError: a setting is unknown, malformed or missing. When switched off, no other setting is looked at.
        """
        found = os.environ if environ is None else environ
        switch = {name: value for name, value in found.items() if name == "EARWITNESS_ENABLED"}
        if not Settings.load(switch).enabled:
            return NoopAudit()
        settings = Settings.load(found, file)
        return cls(settings, service=service, strict=strict) if settings.enabled else NoopAudit()

    @property
    def enabled(self) -> bool:
        """True: events go to Kafka."""
        return True

    def emit(self, event: Event) -> bool:
        """Take an event: never blocks, never raises, but for `InvalidEventError` in strict mode.

        Returns:
            Whether it was taken; what was not is counted by reason in `stats().refused`.
        """
        return self._take(event)

    def call(self, *, call_sid: str | None = None, caller: str | None = None) -> CallScope:
        return CallScope((call_sid, caller))

    def bind(self, *, call_sid: str | None = None, caller: str | None = None) -> Binding:
        return context.bind(call_sid, caller)

    def flush(self, timeout: float = 5.0) -> int:
        return self._outbox.flush(timeout)

    async def aflush(self, timeout: float = 5.0) -> int:
        return await self._outbox.aflush(timeout)

    def close(self, timeout: float = 5.0) -> int:
        return self._outbox.close(timeout)

    async def aclose(self, timeout: float = 5.0) -> int:
        return await self._outbox.aclose(timeout)

    def stats(self) -> Stats:
        return self._outbox.stats()

    def after_fork_in_child(self) -> object:
        """Start anew in a forked child: own queue, own numbers, own name. Gives back what must be kept untouched."""
        inherited = self._outbox
        self._renew()
        return inherited

    def _open(self) -> None:
        if self._outbox.capture.closed:
            self._renew()

    def _renew(self) -> None:
        self._outbox: Outbox = self._make(Origin.here(self._service, self._environment, self._tenant))
        self._take = self._outbox.capture.take

    def _on_start(self) -> None:
        if not self._closes_at_exit:
            self._closes_at_exit = True
            atexit.register(self.close)
