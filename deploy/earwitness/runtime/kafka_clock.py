"""What time it is at the broker, asked without writing anything.

No request of Kafka's protocol is made for it, but DescribeQuorum (KIP-836) tells for each replica of the cluster's own
log when it was last caught up, and of its leader, the active controller, that is the moment of the answer.
librdkafka has no such call; aiokafka can send a request that is described to it. It needs DESCRIBE on the cluster.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.settings import KafkaSettings

__all__ = ["Answer", "broker_times"]

Answer = tuple[float, float, float]
"""A time that somebody else told, between two of this machine's clock: before the question and after the answer (s)."""

_KEY = 55
_LOG = "__cluster_metadata"
_SECONDS = 5.0
_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_REPLICA = CompactArray(("id", Int32), ("end", Int64), ("fetched_at", Int64), ("caught_up_at", Int64), _TAGS)


class _Answer(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = _KEY, 1
    SCHEMA = Schema(
        ("error", Int16),
        (
            "topics",
            CompactArray(
                ("name", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("index", Int32),
                        ("error", Int16),
                        ("leader", Int32),
                        ("epoch", Int32),
                        ("end", Int64),
                        ("voters", _REPLICA),
                        ("observers", _REPLICA),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Question(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION, FLEXIBLE_VERSION, RESPONSE_TYPE = _KEY, 1, True, _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("name", _TEXT), ("partitions", CompactArray(("index", Int32), _TAGS)), _TAGS)), _TAGS
    )


class _DescribeQuorum(Request[_Question]):  # type: ignore[misc]
    API_KEY = _KEY

    def build(self, request_struct_class: Callable[..., Any]) -> Any:
        return request_struct_class([(_LOG, [(0, {})], {})], {})


def broker_times(kafka: KafkaSettings, clock: Callable[[], float] = time.time, times: int = 5) -> list[Answer]:
    """Ask the active controller so many times.

    Args:
        kafka: the settings of an administrator.
        clock: this machine's clock.
        times: how many answers to get; the quickest ones are the most exact.

    Raises:
        UnavailableError: the broker does not answer.
        EarwitnessError: this user may not ask, or the broker is too old to say.
    """
    try:
        return asyncio.run(asyncio.wait_for(_ask(kafka, clock, times), _SECONDS))
    except (KafkaError, TimeoutError, OSError) as error:
        raise UnavailableError(f"the broker does not tell its time: {error or type(error).__name__}") from error
    except NotImplementedError as error:
        raise EarwitnessError("the broker is too old to tell its time") from error


async def _ask(kafka: KafkaSettings, clock: Callable[[], float], times: int) -> list[Answer]:
    client: Any = AIOKafkaAdminClient(
        bootstrap_servers=kafka.bootstrap, request_timeout_ms=int(_SECONDS * 1000), **_login(kafka)
    )
    answers: list[Answer] = []
    await client.start()
    try:
        for _ in range(times):
            before = clock()
            answer = await client._client.send(client._client.get_random_node(), _DescribeQuorum())  # noqa: SLF001 - how aiokafka's own admin methods send
            after = clock()
            if answer.error or not answer.topics:
                raise EarwitnessError(f"the broker does not tell its time: its error code is {answer.error}")
            told = _leaders_time(answer.topics[0][1][0])
            if told is None:
                raise EarwitnessError("the broker does not tell its time: its quorum has no leader")
            answers.append((before, told, after))
    finally:
        await client.close()
    return answers


def _leaders_time(partition: Any) -> float | None:
    """In seconds since the epoch."""
    _, error, leader, _, _, voters, *_ = partition
    found = [caught_up_at for replica, _, _, caught_up_at, _ in voters if replica == leader]
    return found[0] / 1000 if found and not error else None


def _login(kafka: KafkaSettings) -> dict[str, Any]:
    login: dict[str, Any] = {"security_protocol": kafka.security_protocol}
    if kafka.security_protocol.endswith("SSL"):
        from earwitness.stream.app import ssl_context

        login["ssl_context"] = ssl_context(kafka)
    if kafka.username is not None and kafka.password is not None:
        login |= {
            "sasl_mechanism": kafka.sasl_mechanism or "SCRAM-SHA-256",
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.reveal(),
        }
    return login
