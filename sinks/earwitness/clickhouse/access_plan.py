"""The difference between the access policy and what a ClickHouse has, and the way there.

Rights are compared as the server itself tells them, in `system.grants`, `system.settings_profile_elements` and the like,
so it does not matter how they came there. A password cannot be read: whether it is the one given is found by a login.
Users that stand in the server's users.xml, as the embedded server's do, cannot be changed by SQL and are left alone.
"""
# ruff: noqa: S608 - the statements are made of names of our own

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from earwitness.clickhouse.access import Policy, Profile, Quota, Role, User, hashes
from earwitness.clickhouse.access_sql import PREFIX, Part, access_parts
from earwitness.clickhouse.errors import ServerError
from earwitness.clickhouse.server import Server
from earwitness.runtime.settings import ClickHouseSettings, Secret

__all__ = ["in_users_xml", "plan"]

_REFUSED = 516
_MASKED = Secret("not shown")


def in_users_xml(server: Server, policy: Policy) -> bool:
    """The policy's users stand in the server's own configuration."""
    names = ", ".join(f"'{user.name}'" for user in policy.users.values() if not user.embedded_only)
    rows = server.rows(f"SELECT storage FROM system.users WHERE name IN ({names})")
    return any(row[0] == "users_xml" for row in rows)


def plan(
    settings: ClickHouseSettings, passwords: Mapping[str, Secret], *, cluster: str | None = None, prefix: str = PREFIX
) -> list[Part]:
    """The parts of the policy that the server lacks or has otherwise, with the statements that make them so.

    Args:
        settings: an administrator's.
        passwords: by user; a user without one keeps the password that it has. One that is missing cannot be made
            then: its part has no statements.
        cluster: for `ON CLUSTER`.
        prefix: before the names of roles, profiles and quotas.

    Raises:
        ServerError: the user may not look.
        NoAnswerError: ClickHouse does not answer.
    """
    policy = Policy.load()
    logins = {user.name: passwords.get(user.name, _MASKED) for user in policy.users.values()}
    with contextlib.closing(Server(settings)) as server:
        if prefix == PREFIX and in_users_xml(server, policy):
            return []
        found = []
        for part in access_parts(policy, hashes(policy.users, logins), cluster=cluster):
            if part.kind != "user":
                if not _same(server, policy, part, prefix):
                    found.append(part)
                continue
            user = policy.users[part.name]
            unchanged = _user(server, user, prefix)
            secret = passwords.get(user.name)
            knows_it = user.login != "password" or (secret is not None and _logs_in(settings, user.name, secret))
            if secret is None and user.login == "password":
                # Without its password only what it may do can be made so, and only where the user is there.
                is_there = bool(server.rows(f"SELECT 1 FROM system.users WHERE name = '{user.name}'"))
                part = replace(part, statements=part.statements[2:] if is_there else ())  # noqa: PLW2901 - the rest of it
                knows_it = True
            if not (unchanged and knows_it):
                found.append(part)
    return found


def _same(server: Server, policy: Policy, part: Part, prefix: str) -> bool:
    if part.kind == "profile":
        return _profile(server, policy.profiles[part.name], prefix)
    if part.kind == "role":
        return _role(server, policy.roles[part.name], prefix)
    holders = sorted(user.name for user in policy.users.values() if user.quota == part.name)
    return _quota(server, policy.quotas[part.name], holders, prefix)


def _profile(server: Server, profile: Profile, prefix: str) -> bool:
    rows = server.rows(
        "SELECT setting_name, value, min, max, ifNull(toString(writability), '') FROM system.settings_profile_elements "
        f"WHERE profile_name = '{prefix}{profile.name}' AND setting_name IS NOT NULL"
    )
    return {tuple(row) for row in rows} == set(_elements(profile))


def _elements(profile: Profile) -> Iterator[tuple[str | None, ...]]:
    for name in {**profile.settings, **profile.changeable}:
        value, bounds = profile.settings.get(name), profile.changeable.get(name)
        how = "CONST" if name in profile.fixed else "CHANGEABLE_IN_READONLY" if bounds is not None else ""
        limits = (bounds.min, bounds.max) if bounds is not None else (None, None)
        yield (name, *(None if each is None else str(each) for each in (value, *limits)), how)


def _role(server: Server, role: Role, prefix: str) -> bool:
    rows = server.rows(
        "SELECT access_type, ifNull(database, '*'), ifNull(table, '*'), is_wildcard FROM system.grants "
        f"WHERE role_name = '{prefix}{role.name}' AND NOT is_partial_revoke"
    )
    wanted = set()
    for grant in role.grants:
        database, _, table = grant.on.partition(".")
        wildcard = table.endswith("*") and table != "*"
        name = table.removesuffix("*") if wildcard else table
        wanted |= {(privilege, database, name, int(wildcard)) for privilege in grant.privileges}
    return {tuple(row) for row in rows} == wanted


def _user(server: Server, user: User, prefix: str) -> bool:
    roles = server.rows(f"SELECT granted_role_name FROM system.role_grants WHERE user_name = '{user.name}'")
    profiles = server.rows(
        "SELECT inherit_profile FROM system.settings_profile_elements "
        f"WHERE user_name = '{user.name}' AND inherit_profile IS NOT NULL"
    )
    return roles == [[prefix + user.role]] and profiles == [[prefix + user.profile]]


def _quota(server: Server, quota: Quota, holders: list[str], prefix: str) -> bool:
    name = f"{prefix}{quota.name}"
    held = server.rows(f"SELECT arraySort(apply_to_list), durations FROM system.quotas WHERE name = '{name}'")
    columns = ", ".join(f"max_{limit}" for limit in quota.limits)
    limits = server.rows(f"SELECT {columns} FROM system.quota_limits WHERE quota_name = '{name}'")
    return held == [[holders, [quota.seconds]]] and limits == [list(quota.limits.values())]


def _logs_in(settings: ClickHouseSettings, name: str, password: Secret) -> bool:
    with contextlib.closing(Server(replace(settings, user=name, password=password))) as server:
        try:
            server.rows("SELECT 1")
        except ServerError as error:
            if error.code == _REFUSED:
                return False
            raise
    return True
