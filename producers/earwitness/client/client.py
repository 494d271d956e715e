# ruff: noqa: ASYNC109, D102 (as inherited)
"""The client: what an app gives it is in Kafka some milliseconds later, and the app never notices how."""

from __future__ import annotations

import os

from earwitness.client.audit import Audit

# Nothing more is imported before it is known that the client is wanted: that is what an app that is switched off is spared.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from earwitness.client.capture import Limits
    from earwitness.client.outbox import Outbox
    from earwitness.client.stats import Stats
    from earwitness.runtime.settings import Durability, Settings
    from earwitness.schemas.events import Event

__all__ = ["AuditClient"]

_REGISTRY_SECONDS = 2.0  # for one question, during which the worker does nothing else
_OFF = {"0", "false", "no", "off"}  # of what the settings take: they have the last word, but take longer to import


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
        durability: what survives when the process is killed (`kill -9`, out of memory); default: the settings'.
            `buffered`: what waited in memory is lost; on disk is only what was there because the broker was away.
            `spool_first`: of the protected kinds only what was accepted within the last 20 ms is lost, or, when events
            come faster than one thread can store them, what still waits in the queue; telemetry is as buffered. (The
            worker, which begins with the first event, needs some tenths of a second before it stores that one. What a
            dead process left is taken over in turns of 10 ms, or of a wait for the disk: on two cores with eight times
            the work that they can do half of the turns took 20 to 40 ms, the longest 0.4 s.)
            `journal`: nothing is lost whose `emit` returned True.
            In all of them what was not delivered goes to the spool when the process ends in order, or while the broker is
            away, and is delivered by this process or the next one of its service.

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
        durability: Durability | None = None,
    ) -> None:
        from functools import partial

        from earwitness.client import forks, lifecycle, producer
        from earwitness.client.capture import Limits
        from earwitness.client.outbox import Outbox
        from earwitness.runtime.spool_settings import durability as checked
        from earwitness.schemas.wire import wire_ids

        self._strict = strict
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
            spool=settings.spool,
            durability=settings.durability if durability is None else checked({"durability": durability}),
            on_start=self._on_start,
        )
        self._renew()
        forks.follow(self)
        self._lifecycle = lifecycle
        lifecycle.prepare()

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
        if found.get("EARWITNESS_ENABLED", "").strip().lower() not in _OFF:
            from earwitness.runtime.settings import Settings

            settings = Settings.load(found, file)
            if settings.enabled:
                return cls(settings, service=service, strict=strict)
        from earwitness.client.noop import NoopAudit

        return NoopAudit()

    @property
    def enabled(self) -> bool:
        """True: events go to Kafka."""
        return True

    def emit(self, event: Event) -> bool:
        """Take an event: never blocks, never raises, but for `InvalidEventError` in strict mode.

        Returns:
            Whether it was taken; what was not is counted by reason in `stats().refused`.
        """
        return self._outbox.capture.take(event)  # each client has what is behind it as its own `emit`, one call less

    def flush(self, timeout: float = 5.0) -> int:
        return self._outbox.flush(timeout)

    async def aflush(self, timeout: float = 5.0) -> int:
        return await self._outbox.aflush(timeout)

    def close(self, timeout: float = 5.0) -> int:

        lost = self._outbox.close(timeout)
        self._lifecycle.ended(self)
        return lost

    async def aclose(self, timeout: float = 5.0) -> int:

        lost = await self._outbox.aclose(timeout)
        self._lifecycle.ended(self)
        return lost

    def stats(self) -> Stats:
        return self._outbox.stats()

    def is_interrupted(self) -> bool:
        """Whether this thread is in the middle of the client's books: what a signal handler has to know."""
        return self._outbox.is_interrupted()

    def before_fork(self) -> list[Callable[[], None]]:
        """Take the locks of the client while the process forks: the child would find them locked for ever.

        Returns:
            What releases them, to be called in parent and child, the last one first.
        """
        return self._outbox.hold()

    def after_fork_in_child(self) -> object:
        """Start anew in a forked child: own queue, own numbers, own name. Gives back what must be kept untouched."""
        inherited = self._outbox
        inherited.abandon()
        self._renew()
        return inherited

    def _open(self) -> None:
        if self._outbox.capture.closed:
            self._renew()

    def _mishap(self) -> None:
        self._outbox.mishap()

    def _renew(self) -> None:
        from earwitness.client.identity import Origin

        self._outbox: Outbox = self._make(Origin.here(self._service, self._environment, self._tenant))
        self.emit = self._outbox.capture.take  # type: ignore[assignment, method-assign]

    def _on_start(self) -> None:

        self._lifecycle.started(self)
