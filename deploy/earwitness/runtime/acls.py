"""ACLs that follow from the declared topics and groups: each Kafka user may do what its part of the pipeline does."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # it re-exports without saying so
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from earwitness.runtime.kafka_admin import ANSWER_SECONDS

if TYPE_CHECKING:
    from earwitness.runtime.topics import TopicSpec

__all__ = ["describe", "present", "principals", "wanted"]

_log = logging.getLogger(__name__)
_PREFIXED = ResourcePatternType.PREFIXED


def wanted(specs: Sequence[TopicSpec], groups: Mapping[str, str]) -> list[AclBinding]:
    """The ACLs for these topics and consumer groups, each on one literal name.

    To Kafka READ and WRITE imply DESCRIBE, and WRITE on a topic is all that an idempotent producer needs (KIP-679).
    Neither Faust nor aiokafka asks for configurations or for anything of the cluster.
    """
    return [
        *(_allow(user, AclOperation.WRITE, ResourceType.TOPIC, spec.name) for spec in specs for user in spec.writers),
        *(_allow(user, AclOperation.READ, ResourceType.TOPIC, spec.name) for spec in specs for user in spec.readers),
        *(_allow(user, AclOperation.READ, ResourceType.GROUP, group) for group, user in groups.items()),
    ]


def principals(specs: Sequence[TopicSpec], groups: Mapping[str, str]) -> list[str]:
    """The Kafka users that are named anywhere, sorted."""
    return sorted({*groups.values(), *(user for spec in specs for user in (*spec.writers, *spec.readers))})


def present(admin: AdminClient, topics: Collection[str], groups: Collection[str]) -> set[AclBinding] | None:
    """The ACLs that touch these topics and groups, whoever they are for; None when the broker checks none at all.

    Raises:
        KafkaException: the broker cannot be reached, or this user may not ask.
    """
    names = {ResourceType.TOPIC: topics, ResourceType.GROUP: groups}
    futures = [(kind, admin.describe_acls(_any_of(kind))) for kind in names]
    found: set[AclBinding] = set()
    for kind, future in futures:
        try:
            found.update(acl for acl in future.result(ANSWER_SECONDS + 1) if _touches(acl, names[kind]))
        except KafkaException as error:
            if error.args[0].code() != KafkaError.SECURITY_DISABLED:
                raise
            _log.warning("this broker has no authorizer: everybody may read and write every topic; ACLs are left out")
            return None
    return found


def describe(binding: AclBinding) -> str:
    """The ACL in words."""
    kind, operation = ResourceType(binding.restype), AclOperation(binding.operation)
    permission = AclPermissionType(binding.permission_type).name.lower()
    user = binding.principal.removeprefix("User:")
    prefixed = " with the prefix" if ResourcePatternType(binding.resource_pattern_type) is _PREFIXED else ""
    host = f" from {binding.host}" if binding.host != "*" else ""
    return f"{permission} user {user} to {operation.name.lower()} {kind.name.lower()}{prefixed} {binding.name}{host}"


def _touches(binding: AclBinding, names: Collection[str]) -> bool:
    if ResourcePatternType(binding.resource_pattern_type) is _PREFIXED:
        return any(name.startswith(binding.name) for name in names)
    return binding.name == "*" or binding.name in names


def _allow(user: str, operation: AclOperation, kind: ResourceType, name: str) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def _any_of(kind: ResourceType) -> AclBindingFilter:
    anything = cast("str", None)  # the filter takes None for any, its annotations do not
    return AclBindingFilter(
        kind, anything, ResourcePatternType.ANY, anything, anything, AclOperation.ANY, AclPermissionType.ANY
    )
