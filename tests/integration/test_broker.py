"""The embedded broker as it is: it starts, refuses, forgets nothing, and comes back after kill -9."""

import os
import stat
import subprocess
import time
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from earwitness.embedded import jars
from earwitness.embedded.broker import admin_settings, broker_service
from earwitness.embedded.kafka_users import ensure_users
from earwitness.embedded.ports import assign
from earwitness.runtime import topics
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.kafka_admin import Login, admin_client, log_in
from earwitness.runtime.settings import KafkaSettings, Secret

pytestmark = pytest.mark.stack

USERS = ("producer", "privacy", "sink")
ADMIN, CONTROLLER = Secret("admin-Password_1"), Secret("controller-Password_1")


class Broker:
    """One broker in a directory of a test, started and ended as often as the test likes."""

    def __init__(self, home):
        self.directory, self.log = home / "broker", home / "broker.log"
        self.process = None
        self.ports = {}

    def service(self):
        self.ports = assign(["client", "controller"], {})
        found = jars.resolve(jars.default_cache(), lambda line: None)  # noqa: ARG005
        return broker_service(
            self.directory, self.ports["client"], self.ports["controller"], ADMIN, CONTROLLER, found, self.log
        )

    def start(self):
        self.service_ = service = self.service()
        with service.log.open("ab") as log:
            self.process = subprocess.Popen(
                service.argv,
                env=dict(service.environment),
                cwd=service.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self.process.poll() is not None or service.ready(), seconds=60)
        assert self.process.poll() is None, self.log.read_text()[-2000:]

    def end(self, *, kill=False):
        if self.process is not None and self.process.poll() is None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(self.service_.stop_seconds)

    def settings(self, user="admin", password=None):
        known = ADMIN if user == "admin" else Secret(f"{user}-Password_1")
        return admin_settings(self.ports["client"], password or known, user)

    def admin(self):
        return admin_client(self.settings())

    def provision(self):
        ensure_users(self.settings(), {user: Secret(f"{user}-Password_1") for user in USERS})
        topics.apply(self.admin(), topics.plan(self.admin()))


def wait_until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "condition did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("shared"))
    try:
        broker.start()
        broker.provision()
        yield broker
    finally:
        broker.end()


@pytest.fixture
def own_broker(tmp_path):
    broker = Broker(tmp_path)
    yield broker
    broker.end(kill=True)


def quiet(settings, **more):
    return {**settings.librdkafka(), "log_level": 0, **more}


def produce(settings, topic, *values, partition=0):
    """The error codes of the deliveries, None where a record arrived."""
    producer = Producer(
        quiet(settings, **{"enable.idempotence": True, "message.max.bytes": 4_000_000, "message.timeout.ms": 10_000}),
    )
    codes = []
    for value in values:
        producer.produce(
            topic, value, partition=partition, on_delivery=lambda error, _: codes.append(error and error.code())
        )
    assert producer.flush(20) == 0
    return codes


def read(settings, topic, count, *, group="earwitness-test", partition=0):
    """The first `count` values of a partition, read without joining a group.

    Raises KafkaException with what the broker refused.
    """
    consumer = Consumer(quiet(settings, **{"group.id": group, "enable.auto.commit": False}))
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        values = []
        deadline = time.monotonic() + 15
        while len(values) < count:
            assert time.monotonic() < deadline, f"only {len(values)} of {count} records"
            message = consumer.poll(0.2)
            if message is None:
                continue
            if (error := message.error()) is not None:
                # The group's coordinator is asked for although nothing here needs it.
                if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                    continue
                raise KafkaException(error)
            values.append(message.value())
        return values
    finally:
        consumer.close()


def joins(settings, topic, group):
    """Whether the user gets partitions of the topic as a member of the group; raises what the broker refused."""
    assigned = []
    consumer = Consumer(quiet(settings, **{"group.id": group, "auto.offset.reset": "earliest"}))
    try:
        consumer.subscribe([topic], on_assign=lambda _, partitions: assigned.extend(partitions))
        deadline = time.monotonic() + 15
        while not assigned and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and message.error():
                raise KafkaException(message.error())
        return bool(assigned)
    finally:
        consumer.close()


def sight(settings, topic):
    """The error code of asking where the topic's partitions are, without which nothing can be read; None if told."""
    error = Producer(quiet(settings)).list_topics(topic, timeout=10).topics[topic].error
    return error and error.code()


def refusal(call, *args, **kwargs):
    with pytest.raises(KafkaException) as caught:
        call(*args, **kwargs)
    return caught.value.args[0].code()


def test_right_password_is_accepted_and_a_wrong_one_refused(broker):
    assert log_in(broker.settings()) is Login.ACCEPTED
    assert log_in(broker.settings("sink")) is Login.ACCEPTED
    assert log_in(broker.settings(password=Secret("wrong"))) is Login.REFUSED
    assert log_in(broker.settings("nobody")) is Login.REFUSED
    elsewhere = replace(broker.settings(), bootstrap="127.0.0.1:1")
    assert log_in(elsewhere, seconds=0.5) is Login.AWAY


@pytest.mark.parametrize("port", ["client", "controller"])
def test_nobody_gets_in_without_a_login(broker, port):
    anonymous = KafkaSettings(bootstrap=f"127.0.0.1:{broker.ports[port]}")
    assert log_in(anonymous, seconds=1.0) is not Login.ACCEPTED


def test_controller_refuses_a_wrong_password_and_users_of_the_broker(broker):
    controller = replace(broker.settings(), bootstrap=f"127.0.0.1:{broker.ports['controller']}", sasl_mechanism="PLAIN")
    for user, password in (("controller", Secret("wrong")), ("admin", ADMIN)):
        assert log_in(replace(controller, username=user, password=password), seconds=1.0) is not Login.ACCEPTED


def test_listeners_are_on_loopback_and_secrets_in_private_files_only(broker):
    arguments = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(broker.process.pid)], capture_output=True, text=True, check=True
    ).stdout
    for secret in (ADMIN, CONTROLLER):
        assert secret.reveal() not in arguments
        assert secret.reveal() not in broker.log.read_text()
    assert stat.S_IMODE(broker.directory.stat().st_mode) == 0o700
    assert not list(broker.directory.glob("format.*"))
    for file in broker.directory.iterdir():
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    listeners = (broker.directory / "server.properties").read_text()
    assert f"\nlisteners=CLIENT://127.0.0.1:{broker.ports['client']},CONTROLLER://127.0.0.1:" in listeners


def test_producer_writes_raw_and_nothing_else(broker):
    producer = broker.settings("producer")
    assert produce(producer, "audit.raw.call", b"a", b"b") == [None, None]
    assert produce(producer, "audit.masked.call", b"a") == [KafkaError.TOPIC_AUTHORIZATION_FAILED]
    assert sight(producer, "audit.masked.call") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert refusal(read, producer, "audit.raw.call", 1) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_privacy_reads_raw_in_its_group_and_writes_what_comes_of_it(broker):
    privacy = broker.settings("privacy")
    assert produce(broker.settings("producer"), "audit.raw.data", b"raw", partition=3) == [None]
    assert read(privacy, "audit.raw.data", 1, group="earwitness-privacy", partition=3) == [b"raw"]
    assert joins(privacy, "audit.raw.data", "earwitness-privacy")
    assert refusal(joins, privacy, "audit.raw.data", "earwitness-sink") == KafkaError.GROUP_AUTHORIZATION_FAILED
    for topic in ("audit.masked.data", "audit.dead-letters", "audit.quarantine", "audit.ledger"):
        assert produce(privacy, topic, b"x") == [None]
        assert refusal(read, privacy, topic, 1) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert produce(privacy, "audit.raw.data", b"x") == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


def test_sink_reads_what_is_stored_and_never_raw(broker):
    sink = broker.settings("sink")
    assert joins(sink, "audit.masked.system", "earwitness-sink")
    assert produce(sink, "audit.dead-letters", b"x", partition=1) == [None]
    assert produce(sink, "audit.ledger", b"x") == [KafkaError.TOPIC_AUTHORIZATION_FAILED]
    for topic in ("audit.raw.system", "audit.quarantine"):
        assert sight(sink, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert produce(sink, "audit.masked.system", b"x") == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


def test_masked_takes_what_masking_adds_to_the_largest_raw_record(broker):
    largest = os.urandom(1_048_000)
    assert produce(broker.settings("producer"), "audit.raw.security", largest) == [None]
    assert produce(broker.settings("producer"), "audit.raw.security", largest * 2) == [KafkaError.MSG_SIZE_TOO_LARGE]
    assert produce(broker.settings("privacy"), "audit.masked.security", largest + os.urandom(900_000)) == [None]


def test_topic_that_nobody_declared_is_not_made(broker):
    assert sight(broker.settings(), "audit.raw.typo") == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert "audit.raw.typo" not in broker.admin().list_topics(timeout=10).topics


def test_plan_is_empty_after_apply_and_users_are_as_they_were(broker):
    assert topics.plan(broker.admin()) == []
    broker.provision()
    assert topics.plan(broker.admin()) == []


def test_changed_password_holds_from_then_on(broker):
    ensure_users(broker.settings(), {"sink": Secret("another")})
    assert log_in(broker.settings("sink", Secret("another"))) is Login.ACCEPTED
    assert log_in(broker.settings("sink")) is Login.REFUSED
    broker.provision()
    assert log_in(broker.settings("sink")) is Login.ACCEPTED


def test_changed_setting_is_planned_and_put_back(broker):
    admin = broker.admin()
    entry = ConfigEntry("retention.ms", "1234567", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, "audit.raw.trail", incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(10)
    wait_until(lambda: topics.plan(admin))
    [change] = topics.plan(admin)
    assert change.line == "change topic audit.raw.trail: retention.ms from 1234567 to 259200000"
    topics.apply(admin, [change])
    assert topics.plan(admin) == []


def test_other_number_of_partitions_is_told_and_left_alone(broker):
    admin = broker.admin()

    def remake(partitions):
        admin.delete_topics(["audit.quarantine"])["audit.quarantine"].result(10)
        wait_until(lambda: "audit.quarantine" not in admin.list_topics(timeout=10).topics)
        if partitions:
            new = NewTopic("audit.quarantine", partitions)
            admin.create_topics([new])["audit.quarantine"].result(10)
            wait_until(lambda: "audit.quarantine" in admin.list_topics(timeout=10).topics)

    remake(1)
    changes = topics.plan(admin)
    [told] = [change for change in changes if change.action is None]
    assert told.line.startswith("topic audit.quarantine has 1 partitions, 3 are declared: not changed")
    topics.apply(admin, changes)
    assert topics.plan(admin) == [told]
    assert len(admin.list_topics(timeout=10).topics["audit.quarantine"].partitions) == 1
    remake(0)
    topics.apply(admin, topics.plan(admin))
    assert topics.plan(admin) == []


def test_user_who_may_not_look_is_told_so(broker):
    with pytest.raises(EarwitnessError, match="log in as an administrator"):
        topics.plan(admin_client(broker.settings("producer")))


def test_data_and_users_outlive_kill_and_restart_on_other_ports(own_broker):
    broker = own_broker
    values = [f"event {number}".encode() for number in range(10)]
    broker.start()
    broker.provision()
    first_ports = broker.ports
    assert produce(broker.settings("producer"), "audit.raw.call", *values) == [None] * 10
    for kill in (True, False):
        broker.end(kill=kill)
        broker.start()
        assert broker.ports != first_ports
        assert topics.plan(broker.admin()) == []
        group = "earwitness-privacy"
        assert read(broker.settings("privacy"), "audit.raw.call", 10, group=group) == values


def test_half_formatted_directory_is_formatted_again(own_broker):
    data = own_broker.directory / "data"
    data.mkdir(parents=True)
    (data / "bootstrap.checkpoint").write_bytes(b"half")
    (own_broker.directory / "data.new").mkdir()
    own_broker.service()
    assert (data / "meta.properties").exists()
    assert not (own_broker.directory / "data.new").exists()
    formatted = (data / "meta.properties").read_bytes()
    own_broker.service()
    assert (data / "meta.properties").read_bytes() == formatted


@pytest.mark.parametrize("metadata", [None, b"", b"version="], ids=["missing", "empty", "cut off"])
def test_events_without_metadata_are_never_formatted_away(own_broker, metadata):
    segment = own_broker.directory / "data" / "audit.raw.call-0" / "00000000000000000000.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"events")
    if metadata is not None:
        (own_broker.directory / "data" / "meta.properties").write_bytes(metadata)
    with pytest.raises(EarwitnessError, match=r"holds events \(audit\.raw\.call-0\)"):
        own_broker.service()
    assert segment.read_bytes() == b"events"
