"""Switched off, the client is not there: no thread, no file, no import; and yet everything can be called."""

import asyncio
import inspect
import json
import subprocess
import sys
import textwrap

import pytest

from earwitness.client import Audit, AuditClient, NoopAudit, Stats
from earwitness.client.methods import EventMethods
from earwitness.runtime.errors import SettingsError
from earwitness.schemas.events import CallStarted

OFF = {"EARWITNESS_ENABLED": "0"}


def test_switched_off_nothing_is_imported_started_or_opened():
    script = """
        import os, sys, threading, json
        opened = []
        sys.addaudithook(lambda event, args: opened.append(args) if event in {"socket.connect", "os.fork"} else None)
        from earwitness.client import AuditClient
        before = set(os.listdir("/proc/self/fd"))
        audit = AuditClient.from_env(service="ivr")
        with audit.call(call_sid="CA1", caller="+1"):
            assert audit.call_started(direction="inbound", language="en")
        assert audit.flush(1) == audit.close() == 0
        modules = [m for m in ("confluent_kafka", "fastavro", "sqlite3", "earwitness.schemas.catalogue") if m in sys.modules]
        after = set(os.listdir("/proc/self/fd"))
        print(json.dumps([type(audit).__name__, modules, threading.active_count(), opened, sorted(after - before)]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**OFF, "EARWITNESS_KAFKA_SASL_PASSWORD_FILE": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == ["NoopAudit", [], 1, [], []]


def test_a_toml_file_switches_off_too(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("enabled = false\n")
    assert isinstance(AuditClient.from_env(environ={}, file=file), NoopAudit)


def test_the_twins_have_the_same_methods():
    def signatures(kind):
        return {
            name: str(inspect.signature(method))
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") and name not in vars(EventMethods)
        }

    own = {"after_fork_in_child", "before_fork", "is_interrupted"}  # for what is around it, not for an app
    client, noop = signatures(AuditClient), signatures(NoopAudit)
    assert client.keys() - own == noop.keys() == signatures(Audit).keys()
    assert isinstance(AuditClient.from_env(environ=OFF), Audit)


@pytest.mark.parametrize("method", [name for name in vars(EventMethods) if not name.startswith("_")])
def test_every_event_counts_as_taken(method):
    audit = AuditClient.from_env(environ=OFF)
    given = inspect.signature(getattr(EventMethods, method)).parameters.keys() - {"self"}
    assert getattr(audit, method)(**dict.fromkeys(given)) is True
    with pytest.raises(TypeError, match="colour"):
        getattr(audit, method)(**dict.fromkeys(given), colour="red")


def test_everything_else_can_be_called_too():
    audit = AuditClient.from_env(environ=OFF)

    async def run():
        async with audit.lifespan()(None):
            return await audit.aflush(1), await audit.aclose(1)

    assert asyncio.run(run()) == (0, 0)
    assert audit.emit(CallStarted(direction="inbound", language="en"))
    assert audit.stats() == Stats()
    assert not audit.enabled
    audit.bind(call_sid="CA1").reset()
    with audit.bind(call_sid="CA1"), audit.call(), audit.call(call_sid="CA2"):
        pass


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "EARWITNESS_KAFKA_BOOTSTRAP"),
        ({"EARWITNESS_ENABLED": "perhaps"}, "give 1 or 0"),
        (
            {"EARWITNESS_KAFKA_BOOTSTRAP": "h:1", "EARWITNESS_KAFKA_LINGER": "5"},
            'No such configuration property: "linger"',
        ),
        ({"EARWITNESS_KAFKA_BOOTSTRAP": "h:1", "EARWITNESS_KAFKA_ACKS": "1"}, "EARWITNESS_KAFKA_ACKS is '1'"),
        ({"EARWITNESS_KAFKA_BOOTSTRAP": "h:1", "EARWITNESS_KAFKA_LINGER_MS": "soon"}, "Invalid value"),
        (
            {
                "EARWITNESS_KAFKA_BOOTSTRAP": "h:1",
                "EARWITNESS_KAFKA_SECURITY_PROTOCOL": "SSL",
                "EARWITNESS_KAFKA_SSL_CA_LOCATION": "/nowhere.pem",
            },
            "ssl.ca.location",
        ),
    ],
)
def test_wrong_settings_stop_the_start(environ, problem):
    with pytest.raises(SettingsError, match=problem):
        AuditClient.from_env(service="ivr", environ=environ)
