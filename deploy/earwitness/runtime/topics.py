"""Topics as `topics.toml` declares them, the difference to what a broker has, and the way there.

Nothing is ever deleted and no number of partitions is ever changed: where it differs, the plan says so and does nothing.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib import resources
from typing import Any

import msgspec
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # it re-exports without saying so
    AclBinding,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from earwitness.runtime import acls
from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, explain

__all__ = ["Change", "TopicSpec", "apply", "declared", "groups", "plan"]

_HOUR_MS = 3_600_000
_STEP_SECONDS = 0.05
_SHOWN_SECONDS = 30.0  # a machine that starts everything at once takes its time


@dataclass(frozen=True)
class TopicSpec:
    """One topic as it should be.

    Attributes:
        name: of the topic.
        partitions: how many, for ever.
        config: the topic's own settings by Kafka's names; others are left as they are.
        writers: Kafka users that may write.
        readers: Kafka users that may read.
    """

    name: str
    partitions: int
    config: Mapping[str, str]
    writers: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One difference between what is declared and what the broker has.

    Attributes:
        line: the difference, for a person.
        action: what `apply` will do; None where a person has to decide.
        beyond: an ACL that is there and not declared.
    """

    line: str
    action: NewTopic | ConfigResource | AclBinding | None
    beyond: AclBinding | None = None


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    partitions: int
    retention_days: int
    segment_hours: int
    max_message_bytes: int
    write: tuple[str, ...]
    read: tuple[str, ...]
    cleanup: str = "delete"

    def config(self) -> dict[str, str]:
        return {
            "cleanup.policy": self.cleanup,
            "compression.type": "producer",
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(self.retention_days * 24 * _HOUR_MS),
            "segment.ms": str(self.segment_hours * _HOUR_MS),
        }


class _File(msgspec.Struct, forbid_unknown_fields=True):
    families: tuple[str, ...]
    topics: dict[str, _Section]
    groups: dict[str, str]


@functools.cache
def _file() -> _File:
    text = resources.files("earwitness.runtime").joinpath("topics.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File)


def declared() -> tuple[TopicSpec, ...]:
    """The topics of `topics.toml`, `{family}` filled in."""
    file = _file()
    return tuple(
        TopicSpec(name, section.partitions, section.config(), section.write, section.read)
        for pattern, section in file.topics.items()
        for name in ([pattern.format(family=family) for family in file.families] if "{" in pattern else [pattern])
    )


def groups() -> Mapping[str, str]:
    """Consumer group to the Kafka user that reads as it."""
    return dict(_file().groups)


def plan(admin: AdminClient, *, replication_factor: int = -1) -> list[Change]:
    """What differs, in the order in which it should be done; empty when the broker is as declared.

    Args:
        admin: a client of a user that may describe topics, their configuration and ACLs.
        replication_factor: for topics that are missing; -1 leaves it to the broker (1 on the embedded one).

    Raises:
        UnavailableError: the broker cannot be reached.
        EarwitnessError: the user may not ask.
    """
    specs = declared()
    try:
        present = {
            name: len(topic.partitions) for name, topic in admin.list_topics(timeout=ANSWER_SECONDS).topics.items()
        }
        configs = _configs(admin, [spec.name for spec in specs if spec.name in present])
        allowed = acls.present(admin, [spec.name for spec in specs], groups())
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "reading topics and ACLs") from error
    changes: list[Change] = []
    for spec in specs:
        if spec.name in present:
            changes.extend(_differences(spec, present[spec.name], configs[spec.name]))
        else:
            changes.append(_creation(spec, replication_factor))
    if allowed is not None:
        wanted = acls.wanted(specs, groups())
        changes.extend(Change(acls.describe(binding), binding) for binding in wanted if binding not in allowed)
        changes.extend(_beyond(binding) for binding in sorted(allowed.difference(wanted), key=acls.describe))
    return changes


def apply(admin: AdminClient, changes: Iterable[Change]) -> None:
    """Make the changes and wait until the broker itself shows them, so that workers may start at once.

    Raises:
        UnavailableError: the broker cannot be reached, or does not show the changes within half a minute.
        EarwitnessError: the broker refused one; those before it are made.
    """
    actions = [change.action for change in changes if change.action is not None]
    topics = [action for action in actions if isinstance(action, NewTopic)]
    configs = [action for action in actions if isinstance(action, ConfigResource)]
    bindings = [action for action in actions if isinstance(action, AclBinding)]
    for name, future in (admin.create_topics(topics) if topics else {}).items():
        _done(future, f"creating topic {name}")
    for resource, future in (admin.incremental_alter_configs(configs) if configs else {}).items():
        _done(future, f"changing topic {resource.name}")
    for binding, future in (admin.create_acls(bindings) if bindings else {}).items():
        _done(future, f"making the ACL: {acls.describe(binding)}")
    if actions:
        _await_shown(admin)


def _await_shown(admin: AdminClient) -> None:
    """Changes are committed by the controller first; brokers follow."""
    deadline = time.monotonic() + _SHOWN_SECONDS
    while left := [change.line for change in plan(admin) if change.action is not None]:
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"the broker accepted the changes but does not show them yet: {left[0]}; run it again"
            )
        time.sleep(_STEP_SECONDS)


def _creation(spec: TopicSpec, replication_factor: int) -> Change:
    config = ", ".join(f"{name}={value}" for name, value in spec.config.items())
    return Change(
        f"create topic {spec.name}: {spec.partitions} partitions, {config}",
        NewTopic(spec.name, spec.partitions, replication_factor, config=dict(spec.config)),
    )


def _beyond(binding: AclBinding) -> Change:
    line = (
        f"{acls.describe(binding)}: not declared; not taken away, do that with kafka-acls --remove if nobody needs it"
    )
    return Change(line, None, binding)


def _differences(spec: TopicSpec, partitions: int, config: Mapping[str, str]) -> Iterator[Change]:
    if partitions != spec.partitions:
        yield Change(
            f"topic {spec.name} has {partitions} partitions, {spec.partitions} are declared: not changed, because that "
            "moves keys and breaks their order; drain the topic and make it anew, or declare what is there",
            None,
        )
    other = {name: value for name, value in spec.config.items() if config.get(name) != value}
    if other:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in other.items()
        ]
        yield Change(
            f"change topic {spec.name}: "
            + ", ".join(f"{name} from {config.get(name)} to {value}" for name, value in other.items()),
            ConfigResource(ResourceType.TOPIC, spec.name, incremental_configs=entries),
        )


def _configs(admin: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = admin.describe_configs(asked) if asked else {}
    return {
        resource.name: {name: entry.value for name, entry in future.result(ANSWER_SECONDS + 1).items()}
        for resource, future in answers.items()
    }


def _done(future: Future[Any], doing: str) -> None:
    try:
        future.result(ANSWER_SECONDS + 1)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # somebody else applied the same plan
            raise explain(error, doing) from error
    except TimeoutError as error:
        raise explain(error, doing) from error
