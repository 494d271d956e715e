"""The access policy: who may do what in ClickHouse, read from `access.toml`.

A *role* is what is granted, a *profile* the settings at login and which of them may be changed, a *quota* how much
may be asked in a span of time; a *user* has one role, one profile and at most one quota. From the same policy
`access_xml` makes the embedded server's users.xml and `access_sql` a cluster's statements, so the two cannot differ.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any, Literal, get_args

from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Secret

__all__ = ["NO_LOGIN", "Bounds", "Grant", "Policy", "PolicyError", "Profile", "Quota", "Role", "User", "hashes"]

Value = str | int
Login = Literal["password", "anonymous", "later", "never"]

NO_LOGIN = "0" * 64
"""A SHA-256 sum that no known text has: as a password's sum it lets nobody in."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PRIVILEGE = re.compile(r"[A-Z]+( [A-Z]+)*")
_TARGET = re.compile(r"\*\.\*|[a-z_]+\.(\*|[a-z_]+\*?)")


class PolicyError(UsageError):
    """The access policy has an unknown key, a malformed value, or names what it does not define."""


@dataclass(frozen=True)
class Grant:
    """Privileges on `*.*`, `database.*`, `database.table` or `database.prefix*`."""

    privileges: tuple[str, ...]
    on: str

    def __str__(self) -> str:
        return ", ".join(f"{privilege} ON {self.on}" for privilege in self.privileges)


@dataclass(frozen=True)
class Role:
    """What whoever has this role may do."""

    name: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Bounds:
    """Within what a read-only user may change a setting; None is no bound."""

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True)
class Profile:
    """Settings at login; those that may be changed although `readonly` is 1; those that may never be changed."""

    name: str
    settings: Mapping[str, Value]
    changeable: Mapping[str, Bounds] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Quota:
    """How much may be asked within `seconds`; `limits` by ClickHouse's names."""

    name: str
    seconds: int
    limits: Mapping[str, int]


@dataclass(frozen=True)
class User:
    """One login.

    `login` is how: by `password`; `anonymous`, without one; `later`, when something else sets its password;
    `never`, for an owner of views. `embedded_only`: a cluster has its own.
    """

    name: str
    role: str
    profile: str
    quota: str | None = None
    login: Login = "password"
    embedded_only: bool = False


@dataclass(frozen=True)
class Policy:
    """All of it, checked: every name that is used is defined."""

    roles: Mapping[str, Role]
    profiles: Mapping[str, Profile]
    quotas: Mapping[str, Quota]
    users: Mapping[str, User]

    @classmethod
    def load(cls) -> Policy:
        """The policy that earwitness ships."""
        return cls.parse(resources.files("earwitness.clickhouse").joinpath("access.toml").read_text("utf-8"))

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read a policy.

        Raises:
            PolicyError: it is not what this module describes; the message names the place.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"the access policy is no valid TOML: {error}") from error
        _only(document, {"roles", "profiles", "quotas", "users"}, "the access policy")
        policy = cls(
            roles={name: _role(name, body) for name, body in _tables(document, "roles")},
            profiles={name: _profile(name, body) for name, body in _tables(document, "profiles")},
            quotas={name: _quota(name, body) for name, body in _tables(document, "quotas")},
            users={name: _user(name, body) for name, body in _tables(document, "users")},
        )
        for user in policy.users.values():
            for kind, name, known in (
                ("role", user.role, policy.roles),
                ("profile", user.profile, policy.profiles),
                ("quota", user.quota, policy.quotas),
            ):
                if name is not None and name not in known:
                    raise PolicyError(f"users.{user.name}: {kind} {name!r} is not defined in [{kind}s]")
        return policy

    def with_settings(self, profile: str, settings: Mapping[str, Value]) -> Policy:
        """The same policy with further settings in one profile, such as an address known only at the start.

        Raises:
            PolicyError: there is no such profile.
        """
        if profile not in self.profiles:
            raise PolicyError(f"the access policy has no profile {profile!r}")
        old = self.profiles[profile]
        changed = replace(old, settings={**old.settings, **settings})
        return replace(self, profiles={**self.profiles, profile: changed})

    def with_fixed(self, settings: Mapping[str, Value]) -> Policy:
        """The same policy with settings that no user may change, in every profile."""
        profiles = {
            name: replace(old, settings={**old.settings, **settings}, fixed=old.fixed | set(settings))
            for name, old in self.profiles.items()
        }
        return replace(self, profiles=profiles)


def hashes(users: Mapping[str, User], passwords: Mapping[str, Secret]) -> dict[str, str]:
    """The SHA-256 sum, in hex, of the password of each of `users`.

    The sum has no salt: give random passwords, as the embedded stack makes them.

    Raises:
        PolicyError: a user that logs in by password has none, or an empty one.
    """
    sums: dict[str, str] = {}
    for user in users.values():
        if user.login == "password":
            secret = passwords.get(user.name)
            if secret is None or not secret.reveal():
                raise PolicyError(f"no password for the ClickHouse user {user.name!r}; give each user one")
            sums[user.name] = hashlib.sha256(secret.reveal().encode()).hexdigest()
        else:
            sums[user.name] = NO_LOGIN
    return sums


def _tables(document: Mapping[str, Any], section: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, body in document.get(section, {}).items():
        if not _NAME.fullmatch(name):
            raise PolicyError(f"{section}.{name}: a name is lower-case letters, digits and _")
        if not isinstance(body, dict):
            raise PolicyError(f"{section}.{name} must be a table")
        found.append((name, body))
    return found


def _only(body: Any, known: set[str], where: str) -> None:
    if not isinstance(body, dict):
        raise PolicyError(f"{where} must be a table with {', '.join(sorted(known))}")
    unknown = sorted(set(body) - known)
    if unknown:
        raise PolicyError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _role(name: str, body: Mapping[str, Any]) -> Role:
    where = f"roles.{name}"
    _only(body, {"grants"}, where)
    grants = []
    for item in body.get("grants", []):
        _only(item, {"privileges", "on"}, f"{where}.grants")
        if not isinstance(item.get("privileges"), list):
            raise PolicyError(f"{where}.grants: privileges must be a list")
        grant = Grant(tuple(item["privileges"]), item.get("on", ""))
        if not grant.privileges or not all(_PRIVILEGE.fullmatch(privilege) for privilege in grant.privileges):
            raise PolicyError(f"{where}.grants: privileges are capital words such as SELECT, not {grant.privileges}")
        if not _TARGET.fullmatch(grant.on):
            raise PolicyError(
                f"{where}.grants: {grant.on!r} is none of *.*, database.*, database.table, database.prefix*"
            )
        grants.append(grant)
    return Role(name, tuple(grants))


def _profile(name: str, body: Mapping[str, Any]) -> Profile:
    where = f"profiles.{name}"
    _only(body, {"settings", "changeable"}, where)
    settings, changeable = body.get("settings", {}), {}
    for setting, value in settings.items():
        if not _NAME.fullmatch(setting) or not isinstance(value, Value) or isinstance(value, bool):
            raise PolicyError(f"{where}.settings.{setting} must be a text or a whole number")
    for setting, bounds in body.get("changeable", {}).items():
        if not _NAME.fullmatch(setting):
            raise PolicyError(f"{where}.changeable.{setting}: no name of a setting")
        _only(bounds, {"min", "max"}, f"{where}.changeable.{setting}")
        if not all(type(bound) is int for bound in bounds.values()):
            raise PolicyError(f"{where}.changeable.{setting}: bounds must be whole numbers")
        changeable[setting] = Bounds(**bounds)
    return Profile(name, dict(settings), changeable)


def _quota(name: str, body: Mapping[str, Any]) -> Quota:
    where = f"quotas.{name}"
    _only(body, {"seconds", "queries", "execution_time", "result_rows", "read_rows"}, where)
    if not all(type(number) is int and number > 0 for number in body.values()) or "seconds" not in body:
        raise PolicyError(f"{where} needs `seconds`, and whole numbers above 0")
    return Quota(name, body["seconds"], {limit: number for limit, number in body.items() if limit != "seconds"})


def _user(name: str, body: Mapping[str, Any]) -> User:
    where = f"users.{name}"
    _only(body, {"role", "profile", "quota", "login", "embedded_only"}, where)
    for key in ("role", "profile"):
        if key not in body:
            raise PolicyError(f"{where} needs a {key}")
    if body.get("login", "password") not in get_args(Login):
        raise PolicyError(f"{where}.login must be one of {', '.join(get_args(Login))}, not {body['login']!r}")
    if type(body.get("embedded_only", False)) is not bool:
        raise PolicyError(f"{where}.embedded_only must be true or false")
    return User(name, **body)
