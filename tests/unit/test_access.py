"""The access policy, and what is made from it."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree as ET

import pytest

from earwitness.clickhouse.access import NO_LOGIN, Policy, PolicyError, hashes
from earwitness.clickhouse.access_sql import access_statements
from earwitness.clickhouse.access_xml import password_xml, users_xml
from earwitness.runtime.settings import Secret

PASSWORDS = {user: Secret(f"{user} & <their> 'secret'") for user in ("admin", "sink", "analyst")}

SMALL = """
[roles.reader]
grants = [{ privileges = ["SELECT", "SHOW TABLES"], on = "audit.*" }]

[profiles.reader.settings]
readonly = 1
max_execution_time = 60
comment = "a < b & 'c'\\\\"

[profiles.reader.changeable]
max_execution_time = { min = 1, max = 60 }
log_comment = {}

[quotas.reader]
seconds = 3600
queries = 10

[users.ana]
role = "reader"
profile = "reader"
quota = "reader"

[users.owner]
role = "reader"
profile = "reader"
login = "never"

[users.default]
role = "reader"
profile = "reader"
login = "anonymous"
embedded_only = true
"""


@pytest.fixture
def small() -> Policy:
    return Policy.parse(SMALL)


def sums(policy: Policy) -> dict[str, str]:
    return hashes(policy.users, {"ana": Secret("s3cret")})


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - made by the code under test


# ---- the policy ----


def test_the_shipped_policy_names_the_users_of_the_design():
    policy = Policy.load()
    assert set(policy.users) == {"admin", "sink", "analyst", "owner", "default", "stopper"}
    assert [str(grant) for grant in policy.roles["analyst"].grants] == ["SELECT ON audit.*"]
    assert policy.users["owner"].login == "never"


def test_an_analyst_can_change_no_limit_to_none():
    profile = Policy.load().profiles["analyst"]
    assert profile.settings["readonly"] == 1
    for limit in ("max_execution_time", "max_result_rows", "max_result_bytes"):
        bounds = profile.changeable[limit]
        assert bounds.min == 1
        assert bounds.max == profile.settings[limit]
    assert "log_queries" not in profile.changeable
    assert "max_memory_usage" not in profile.changeable


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[roles.reader]", "[role.reader]", "role"),
        ("grants = ", "grant = ", "grant"),
        ("on = ", "of = ", "of"),
        ('"SELECT", ', '"select", ', "select"),
        ('"SELECT", ', '"SELECT ON x.* TO y", ', "roles.reader"),
        ('["SELECT", "SHOW TABLES"]', '"SELECT"', "a list"),
        ('"audit.*"', '"audit"', "audit"),
        ("{ min = 1, max = 60 }", "60", "max_execution_time"),
        ('"audit.*"', '"audit.* TO ana"', "audit.* TO ana"),
        ("[profiles.reader.changeable]", "[profiles.reader.changable]", "changable"),
        ("{ min = 1, max", "{ least = 1, max", "least"),
        ("min = 1", "min = '1'", "whole numbers"),
        ("readonly = 1", "readonly = true", "profiles.reader.settings.readonly"),
        ("queries = 10", "query = 10", "query"),
        ("queries = 10", "queries = 0", "above 0"),
        ("seconds = 3600", "", "seconds"),
        ('quota = "reader"', 'quota = "none"', "none"),
        ('role = "reader"\nprofile', 'role = "writer"\nprofile', "writer"),
        ('login = "never"', 'login = "no"', "login"),
        ("embedded_only = true", "embedded_only = 1", "embedded_only"),
        ("embedded_only = true", "embedded = true", "embedded"),
        ("[users.ana]", '[users."a na"]', "a na"),
        ("[quotas.reader]", "[quotas.reader", "TOML"),
    ],
)
def test_what_a_policy_does_not_know_is_refused_by_name(old, new, named):
    assert old in SMALL
    with pytest.raises(PolicyError, match=r"policy|roles|profiles|quotas|users") as refused:
        Policy.parse(SMALL.replace(old, new, 1))
    assert named in str(refused.value)


def test_a_user_without_a_password_stops_the_start(small):
    for passwords in ({}, {"ana": Secret("")}):
        with pytest.raises(PolicyError, match="'ana'"):
            hashes(small.users, passwords)


def test_only_who_logs_in_by_password_has_a_sum_that_can_be_met(small):
    assert sums(small) == {
        "ana": hashlib.sha256(b"s3cret").hexdigest(),
        "owner": NO_LOGIN,
        "default": NO_LOGIN,
    }


# ---- users.xml ----


def test_users_xml_holds_what_the_policy_says(small):
    root = parsed(users_xml(small, sums(small)))
    assert root.findtext("profiles/reader/comment") == "a < b & 'c'\\"
    assert root.findtext("profiles/reader/constraints/max_execution_time/max") == "60"
    assert root.find("profiles/reader/constraints/log_comment/changeable_in_readonly") is not None
    assert root.findtext("quotas/reader/interval/duration") == "3600"
    assert root.findtext("roles/reader/grants/query") == "GRANT SELECT ON audit.*, SHOW TABLES ON audit.*"
    ana = root.find("users/ana")
    assert ana is not None
    assert ana.findtext("password_sha256_hex") == hashlib.sha256(b"s3cret").hexdigest()
    assert [ip.text for ip in ana.findall("networks/ip")] == ["127.0.0.1", "::1"]
    assert ana.findtext("grants/query") == "GRANT reader"
    assert (ana.findtext("profile"), ana.findtext("quota")) == ("reader", "reader")


def test_nobody_comes_in_as_the_owner_of_views(small):
    owner = parsed(users_xml(small, sums(small))).find("users/owner")
    assert owner is not None
    assert owner.findtext("password_sha256_hex") == NO_LOGIN
    assert owner.findall("networks/ip") == []


def test_no_password_stands_in_what_is_written():
    policy = Policy.load()
    everything = hashes(policy.users, PASSWORDS)
    text = users_xml(policy, everything) + "".join(access_statements(policy, everything))
    assert "their" not in text


def test_settings_known_only_at_the_start_are_added_and_escaped():
    policy = Policy.load().with_settings("sink", {"format_avro_schema_registry_url": "http://h/?a=1&b=<2>"})
    root = parsed(users_xml(policy, hashes(policy.users, PASSWORDS)))
    assert root.findtext("profiles/sink/format_avro_schema_registry_url") == "http://h/?a=1&b=<2>"
    with pytest.raises(PolicyError, match="'sinc'"):
        policy.with_settings("sinc", {})


def test_a_fixed_setting_holds_in_every_profile(small):
    policy = small.with_fixed({"allow_x": 0})
    root = parsed(users_xml(policy, sums(small)))
    assert root.findtext("profiles/reader/allow_x") == "0"
    assert root.find("profiles/reader/constraints/allow_x/readonly") is not None
    assert any("`allow_x` = 0 CONST" in statement for statement in access_statements(policy, sums(small)))


def test_one_user_s_password_can_be_replaced_beside_the_file():
    element = parsed(password_xml("stopper", "ab" * 32)).find("users/stopper/password_sha256_hex")
    assert element is not None
    assert element.attrib == {"replace": "replace"}
    assert element.text == "ab" * 32


# ---- SQL ----


def test_sql_makes_the_same_users_for_a_cluster(small):
    statements = access_statements(small, sums(small))
    settings = (
        "SETTINGS `readonly` = 1, `max_execution_time` = 60 MIN 1 MAX 60 CHANGEABLE_IN_READONLY, "
        "`comment` = 'a < b & \\'c\\'\\\\', `log_comment` CHANGEABLE_IN_READONLY"
    )
    ana = (
        f"IDENTIFIED WITH sha256_hash BY '{hashlib.sha256(b's3cret').hexdigest()}' "
        "HOST ANY SETTINGS PROFILE 'earwitness_reader'"
    )
    owner = f"IDENTIFIED WITH sha256_hash BY '{NO_LOGIN}' HOST NONE SETTINGS PROFILE 'earwitness_reader'"
    quota = "FOR INTERVAL 3600 SECOND MAX queries = 10 TO `ana`"
    assert statements == [
        f"CREATE SETTINGS PROFILE IF NOT EXISTS `earwitness_reader` {settings}",
        f"ALTER SETTINGS PROFILE `earwitness_reader` {settings}",
        "CREATE ROLE IF NOT EXISTS `earwitness_reader`",
        "GRANT SELECT ON audit.*, SHOW TABLES ON audit.* TO `earwitness_reader` WITH REPLACE OPTION",
        f"CREATE USER IF NOT EXISTS `ana` {ana}",
        f"ALTER USER `ana` {ana}",
        "GRANT `earwitness_reader` TO `ana` WITH REPLACE OPTION",
        "ALTER USER `ana` DEFAULT ROLE `earwitness_reader`",
        f"CREATE USER IF NOT EXISTS `owner` {owner}",
        f"ALTER USER `owner` {owner}",
        "GRANT `earwitness_reader` TO `owner` WITH REPLACE OPTION",
        "ALTER USER `owner` DEFAULT ROLE `earwitness_reader`",
        f"CREATE QUOTA IF NOT EXISTS `earwitness_reader` {quota}",
        f"ALTER QUOTA `earwitness_reader` {quota}",
    ]


def test_a_cluster_s_own_administrators_and_default_user_are_left_alone():
    policy = Policy.load()
    text = "\n".join(access_statements(policy, hashes(policy.users, PASSWORDS)))
    for absent in ("`admin`", "`default`", "`stopper`", "administrator", "engine"):
        assert absent not in text


def test_a_cluster_is_named_in_every_statement(small):
    for statement in access_statements(small, sums(small), cluster="my`cluster"):
        assert " ON CLUSTER `my\\`cluster`" in statement
