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


def present(admin: AdminClient, users: Collection[str]) -> set[AclBinding] | None:
    """The ACLs that these users have on topics and groups; None when the broker checks none at all.

    Raises:
        KafkaException: the broker cannot be reached, or this user may not ask.
    """
    futures = [
        admin.describe_acls(_filter(user, kind)) for user in users for kind in (ResourceType.TOPIC, ResourceType.GROUP)
    ]
    found: set[AclBinding] = set()
    for future in futures:
        try:
            found.update(future.result(ANSWER_SECONDS + 1))
        except KafkaException as error:
            if error.args[0].code() != KafkaError.SECURITY_DISABLED:
                raise
            _log.warning("this broker has no authorizer: everybody may read and write every topic; ACLs are left out")
            return None
    return found


def describe(binding: AclBinding) -> str:
    """The ACL in words."""
    kind, operation = ResourceType(binding.restype), AclOperation(binding.operation)
    user = binding.principal.removeprefix("User:")
    return f"allow user {user} to {operation.name.lower()} {kind.name.lower()} {binding.name}"


def _allow(user: str, operation: AclOperation, kind: ResourceType, name: str) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def _filter(user: str, kind: ResourceType) -> AclBindingFilter:
    anything = cast("str", None)  # the filter takes None for any, its annotations do not
    return AclBindingFilter(
        kind,
        anything,
        ResourcePatternType.ANY,
        f"User:{user}",
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
