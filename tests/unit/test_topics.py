import msgspec
import pytest
from confluent_kafka.admin import AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from earwitness.runtime import acls, topics

FAMILIES = ("call", "data", "security", "system", "trail")
DAY_MS = 86_400_000


@pytest.fixture
def specs():
    return {spec.name: spec for spec in topics.declared()}


@pytest.fixture
def bindings():
    return acls.wanted(topics.declared(), topics.groups())


def may(bindings, user):
    return {
        (binding.operation.name.lower(), binding.name) for binding in bindings if binding.principal == f"User:{user}"
    }


def test_declared_topics_are_those_of_the_pipeline(specs):
    raw = {f"audit.raw.{family}" for family in FAMILIES}
    masked = {f"audit.masked.{family}" for family in FAMILIES}
    assert set(specs) == raw | masked | {"audit.dead-letters", "audit.quarantine", "audit.ledger"}


@pytest.mark.parametrize("family", FAMILIES)
def test_masked_topic_has_its_raw_topics_partitions_and_takes_larger_records(specs, family):
    raw, masked = specs[f"audit.raw.{family}"], specs[f"audit.masked.{family}"]
    assert masked.partitions == raw.partitions == 6
    assert int(masked.config["max.message.bytes"]) >= 2 * int(raw.config["max.message.bytes"])


def test_raw_records_live_for_days_and_their_segments_do_not_stretch_that(specs):
    for family in FAMILIES:
        config = specs[f"audit.raw.{family}"].config
        assert int(config["retention.ms"]) == 3 * DAY_MS
        assert int(config["segment.ms"]) <= DAY_MS // 4
        assert config["message.timestamp.type"] == "LogAppendTime"


def test_producer_only_writes_raw(bindings):
    assert may(bindings, "producer") == {("write", f"audit.raw.{family}") for family in FAMILIES}


def test_privacy_alone_reads_raw(bindings):
    assert may(bindings, "privacy") == {
        *(("read", f"audit.raw.{family}") for family in FAMILIES),
        *(("write", f"audit.masked.{family}") for family in FAMILIES),
        ("write", "audit.dead-letters"),
        ("write", "audit.quarantine"),
        ("write", "audit.ledger"),
        ("read", "earwitness-privacy"),
    }


def test_sink_reads_what_is_stored(bindings):
    assert may(bindings, "sink") == {
        *(("read", f"audit.masked.{family}") for family in FAMILIES),
        ("read", "audit.dead-letters"),
        ("read", "audit.ledger"),
        ("write", "audit.dead-letters"),
        ("read", "earwitness-sink"),
    }


def test_every_acl_allows_one_thing_on_one_name(bindings):
    assert {binding.principal for binding in bindings} == {"User:producer", "User:privacy", "User:sink"}
    for binding in bindings:
        assert binding.resource_pattern_type is ResourcePatternType.LITERAL
        assert binding.permission_type is AclPermissionType.ALLOW
        assert binding.restype in {ResourceType.TOPIC, ResourceType.GROUP}
        assert binding.operation in {AclOperation.READ, AclOperation.WRITE}
    assert "allow user privacy to read topic audit.raw.call" in {acls.describe(binding) for binding in bindings}


def test_unknown_key_in_the_file_is_refused():
    with pytest.raises(msgspec.ValidationError, match="retention_day"):
        msgspec.toml.decode(b"families = []\ngroups = {}\n[topics.a]\nretention_day = 1", type=topics._File)
