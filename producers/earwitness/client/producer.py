"""The librdkafka producer: how it is set up, and what of that is not for anybody to change."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Producer

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import KafkaSettings

__all__ = ["check", "connect", "reason"]

Config = dict[str, str | int | float | bool | None]

_TUNING: Config = {
    "linger.ms": 20,
    "compression.type": "lz4",
    "queue.buffering.max.messages": 20_000,
    "queue.buffering.max.kbytes": 32_768,
    "socket.timeout.ms": 10_000,
    "reconnect.backoff.max.ms": 5_000,
}
"""Settings may change these: `EARWITNESS_KAFKA_LINGER_MS=5`."""

_GUARANTEES: Config = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # the one that all producers of these topics share: a call stays in one partition
}

_QUIET: Config = {
    "log_level": 2,  # librdkafka writes the rest to the app's stderr; what matters comes through the error callback
}


def config(kafka: KafkaSettings) -> Config:
    """The producer's configuration. Holds the password: never log it.

    Raises:
        SettingsError: the settings contradict what the client guarantees.
    """
    for name, value in _GUARANTEES.items():
        given = kafka.extra.get(name)
        if given is not None and given.lower() != str(value).lower():
            setting = "EARWITNESS_KAFKA_" + name.replace(".", "_").upper()
            raise SettingsError(f"{setting} is {given!r}, but events are only safe with {value}; remove the setting")
    return _TUNING | _QUIET | kafka.librdkafka() | _GUARANTEES


def check(kafka: KafkaSettings) -> None:
    """Let librdkafka judge the settings now, while the app starts. Reaches for no broker.

    Raises:
        SettingsError: a property is unknown, or its value is not possible.
    """
    isolated = config(kafka) | {"log_level": 0}
    del isolated["bootstrap.servers"]
    try:
        Producer(isolated)
    except (KafkaException, TypeError, ValueError) as error:
        problem = error.args[0] if error.args else error
        text = problem.str() if isinstance(problem, KafkaError) else str(problem)
        raise SettingsError(f"librdkafka refuses the Kafka settings: {text}") from None


def connect(
    kafka: KafkaSettings, client_id: str, on_error: Callable[[KafkaError], None], *, timeout_seconds: float = 0
) -> Producer:
    """A producer; never waits for a broker.

    Args:
        kafka: where the broker is.
        client_id: what the broker knows it by.
        on_error: called from the producer's `poll` and `flush`.
        timeout_seconds: when it gives up a message. 0 is never: while a broker is away events wait, however long, and
            what fills up is the queue in front.
    """
    return Producer(
        config(kafka)
        | {"client.id": client_id, "error_cb": on_error, "message.timeout.ms": round(timeout_seconds * 1000)}
    )


def reason(error: KafkaError) -> str:
    """The error's name as a reason to count by: `msg_size_too_large`."""
    return error.name().lower().strip("_")
