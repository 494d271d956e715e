"""The embedded broker's configuration: one KRaft node that is broker and controller, every listener with a login."""

from __future__ import annotations

import re
from collections.abc import Mapping

from earwitness.embedded.ports import HOST
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.settings import Secret

__all__ = ["ADMIN", "argument_file", "format_properties", "server_properties", "storage_arguments"]

ADMIN = "admin"
_CONTROLLER = "controller"

_LIMITS = {
    # Topics are made by `earwitness topics apply`; a name misspelt by a client must not make another one.
    "auto.create.topics.enable": "false",
    "allow.everyone.if.no.acl.found": "false",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # There is nobody to wait for when a stack starts: every second here is one of `earwitness up`.
    "group.initial.rebalance.delay.ms": "0",
    # After kill -9 the controller takes the broker for alive until its session ends: by default ten seconds of waiting.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # The most any declared topic takes; a topic's own max.message.bytes stands over it.
    "message.max.bytes": "2097152",
    "socket.request.max.bytes": "33554432",
    # What the cleaner and the queues take by default is a third of this heap.
    "log.cleaner.dedupe.buffer.size": "16777216",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}


def format_properties(controller_port: int, data: str) -> str:
    """What the storage tool needs to know to make the directory `data`; holds no secret."""
    return _properties({**_node(0, controller_port), "log.dirs": data})


def server_properties(
    port: int,
    controller_port: int,
    admin_password: Secret,
    controller_password: Secret,
    data: str,
) -> str:
    """The whole `server.properties`. Holds both passwords.

    The controller listener has SASL/PLAIN of its own, because the short way, an anonymous super user, opens
    everything to whoever finds the port.

    Raises:
        EarwitnessError: a password holds other characters than letters, digits, `-` and `_`.
    """
    admin, controller = (_plain(secret) for secret in (admin_password, controller_password))
    scram = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{ADMIN}" password="{admin}";'
    plain = (
        f'org.apache.kafka.common.security.plain.PlainLoginModule required username="{_CONTROLLER}" '
        f'password="{controller}" user_{_CONTROLLER}="{controller}";'
    )
    return _properties(
        {
            **_node(port, controller_port),
            "advertised.listeners": f"CLIENT://{HOST}:{port}",
            "log.dirs": data,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN};User:{_CONTROLLER}",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "listener.name.client.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": plain,
            **_LIMITS,
        },
    )


def storage_arguments(cluster_id: str, config: str, admin_password: Secret) -> str:
    """The arguments of `StorageTool format` as a file for its `@file` form, so that no argument list shows the password."""
    scram = f"SCRAM-SHA-256=[name={ADMIN},password={_plain(admin_password)}]"
    return f"--cluster-id\n{cluster_id}\n--config\n{config}\n--add-scram\n{scram}\n"


def argument_file(options: list[str]) -> str:
    """A file for java's `@file` form, one quoted option a line."""
    return "".join('"' + option.replace("\\", "\\\\").replace('"', '\\"') + '"\n' for option in options)


def _node(port: int, controller_port: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        # Static, so that the ports may be others at the next start: a dynamic quorum keeps them in its log.
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"CLIENT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
    }


def _plain(secret: Secret) -> str:
    text = secret.reveal()
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise EarwitnessError("a password of the embedded broker holds other characters than letters, digits, - and _")
    return text


def _properties(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
