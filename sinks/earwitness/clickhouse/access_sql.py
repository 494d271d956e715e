"""The access policy as SQL, for a ClickHouse that keeps its users itself. Running it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.clickhouse.access import NO_LOGIN, Policy, Profile, Quota, Role, User

__all__ = ["PREFIX", "Part", "access_parts", "access_statements"]

PREFIX = "earwitness_"
"""Before the names of roles, profiles and quotas, so that a cluster's own are left alone."""


@dataclass(frozen=True)
class Part:
    """One profile, role, user or quota of the policy.

    Attributes:
        kind: profile, role, user or quota.
        name: its name in the policy.
        statements: what makes it so, to be run in this order.
    """

    kind: str
    name: str
    statements: tuple[str, ...]


def access_parts(policy: Policy, hashes: Mapping[str, str], *, cluster: str | None = None) -> list[Part]:
    """The policy in the order in which it can be made; what is only for the embedded server is left out.

    Args:
        policy: what to write.
        hashes: SHA-256 sums of the passwords by user, from `access.hashes`. They stand in the statements.
        cluster: for servers that do not share their access storage: the cluster's name, for `ON CLUSTER`.
    """
    on = f" ON CLUSTER {_name(cluster)}" if cluster else ""
    users = [user for user in policy.users.values() if not user.embedded_only]
    profiles, roles = (
        dict.fromkeys(names) for names in zip(*((user.profile, user.role) for user in users), strict=True)
    )
    parts = [Part("profile", name, tuple(_profile(policy.profiles[name], on))) for name in profiles]
    parts += [Part("role", name, tuple(_role(policy.roles[name], on))) for name in roles]
    parts += [Part("user", user.name, tuple(_user(user, hashes, on))) for user in users]
    for name in dict.fromkeys(user.quota for user in users if user.quota):
        holders = ", ".join(_name(user.name) for user in users if user.quota == name)
        parts.append(Part("quota", name, tuple(_quota(policy.quotas[name], holders, on))))
    return parts


def access_statements(policy: Policy, hashes: Mapping[str, str], *, cluster: str | None = None) -> list[str]:
    """All statements for an administrator to run in this order; see `access_parts`."""
    parts = access_parts(policy, hashes, cluster=cluster)
    return [statement for part in parts for statement in part.statements]


def _profile(profile: Profile, on: str) -> list[str]:
    elements = []
    for setting in dict.fromkeys([*profile.settings, *profile.changeable]):
        parts = [_name(setting)]
        if setting in profile.settings:
            parts.append(f"= {_literal(profile.settings[setting])}")
        if setting in profile.fixed:
            parts.append("CONST")
        elif setting in profile.changeable:
            bounds = profile.changeable[setting]
            if bounds.min is not None:
                parts.append(f"MIN {bounds.min}")
            if bounds.max is not None:
                parts.append(f"MAX {bounds.max}")
            parts.append("CHANGEABLE_IN_READONLY")
        elements.append(" ".join(parts))
    return _both("SETTINGS PROFILE", f"{_name(_prefixed(profile.name))}{on}", f"SETTINGS {', '.join(elements)}")


def _role(role: Role, on: str) -> list[str]:
    name = _name(_prefixed(role.name))
    grants = ", ".join(str(grant) for grant in role.grants)
    # REPLACE OPTION takes back what an older policy granted.
    return [f"CREATE ROLE IF NOT EXISTS {name}{on}", f"GRANT{on} {grants} TO {name} WITH REPLACE OPTION"]


def _user(user: User, hashes: Mapping[str, str], on: str) -> list[str]:
    name, role = _name(user.name), _name(_prefixed(user.role))
    nowhere = user.login == "never"
    rest = (
        f"IDENTIFIED WITH sha256_hash BY '{NO_LOGIN if nowhere else hashes[user.name]}' "
        f"HOST {'NONE' if nowhere else 'ANY'} SETTINGS PROFILE {_literal(_prefixed(user.profile))}"
    )
    return [
        *_both("USER", f"{name}{on}", rest),
        f"GRANT{on} {role} TO {name} WITH REPLACE OPTION",
        f"ALTER USER {name}{on} DEFAULT ROLE {role}",
    ]


def _quota(quota: Quota, holders: str, on: str) -> list[str]:
    limits = ", ".join(f"{limit} = {number}" for limit, number in quota.limits.items())
    return _both(
        "QUOTA",
        f"{_name(_prefixed(quota.name))}{on}",
        f"FOR INTERVAL {quota.seconds} SECOND MAX {limits} TO {holders}",
    )


def _both(kind: str, name: str, rest: str) -> list[str]:
    return [f"CREATE {kind} IF NOT EXISTS {name} {rest}", f"ALTER {kind} {name} {rest}"]


def _prefixed(name: str) -> str:
    return f"{PREFIX}{name}"


def _name(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _literal(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
