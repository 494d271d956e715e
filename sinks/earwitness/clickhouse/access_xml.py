"""The access policy as the users.xml of a ClickHouse server that reads its users from a file."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from earwitness.clickhouse.access import Policy, Profile, User

__all__ = ["password_xml", "users_xml"]


def users_xml(policy: Policy, hashes: Mapping[str, str]) -> str:
    """All profiles, quotas, roles and users; every user comes from this machine only.

    Args:
        policy: what to write.
        hashes: SHA-256 sums of the passwords by user, from `access.hashes`.
    """
    root = ET.Element("clickhouse")
    profiles = ET.SubElement(root, "profiles")
    # ClickHouse wants one profile and one quota of the name `default`.
    ET.SubElement(profiles, "default")
    for profile in policy.profiles.values():
        _profile(profiles, profile)
    quotas = ET.SubElement(root, "quotas")
    ET.SubElement(quotas, "default")
    for quota in policy.quotas.values():
        interval = ET.SubElement(ET.SubElement(quotas, quota.name), "interval")
        _text(interval, "duration", quota.seconds)
        for limit, number in quota.limits.items():
            _text(interval, limit, number)
    roles = ET.SubElement(root, "roles")
    for role in policy.roles.values():
        grants = ET.SubElement(ET.SubElement(roles, role.name), "grants")
        for grant in role.grants:
            _text(grants, "query", f"GRANT {grant}")
    users = ET.SubElement(root, "users")
    for user in policy.users.values():
        _user(users, user, hashes)
    return _document(root)


def password_xml(user: str, password_hash: str) -> str:
    """A file for `users.d` that gives one user of users.xml another password."""
    root = ET.Element("clickhouse")
    element = ET.SubElement(ET.SubElement(root, "users"), user)
    ET.SubElement(element, "password_sha256_hex", {"replace": "replace"}).text = password_hash
    return _document(root)


def _profile(profiles: ET.Element, profile: Profile) -> None:
    element = ET.SubElement(profiles, profile.name)
    for setting, value in profile.settings.items():
        _text(element, setting, value)
    if profile.changeable or profile.fixed:
        constraints = ET.SubElement(element, "constraints")
        for setting in sorted(profile.fixed):
            ET.SubElement(ET.SubElement(constraints, setting), "readonly")
        for setting, bounds in profile.changeable.items():
            constraint = ET.SubElement(constraints, setting)
            for bound, number in (("min", bounds.min), ("max", bounds.max)):
                if number is not None:
                    _text(constraint, bound, number)
            ET.SubElement(constraint, "changeable_in_readonly")


def _user(users: ET.Element, user: User, hashes: Mapping[str, str]) -> None:
    element = ET.SubElement(users, user.name)
    if user.login == "anonymous":
        ET.SubElement(element, "no_password")
    else:
        _text(element, "password_sha256_hex", hashes[user.name])
    networks = ET.SubElement(element, "networks")
    if user.login != "never":
        _text(networks, "ip", "127.0.0.1")
        _text(networks, "ip", "::1")
    _text(element, "profile", user.profile)
    _text(element, "quota", user.quota or "default")
    _text(ET.SubElement(element, "grants"), "query", f"GRANT {user.role}")


def _text(parent: ET.Element, name: str, value: str | int) -> None:
    ET.SubElement(parent, name).text = str(value)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
