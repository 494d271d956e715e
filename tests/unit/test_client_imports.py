"""What a fresh process pays for the client: which modules, threads and files, switched off and on."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

HEAVY = {
    "asyncio",
    "confluent_kafka",
    "contextlib",
    "dataclasses",
    "earwitness.client.capture",
    "earwitness.runtime.settings",
    "earwitness.schemas.events",
    "fastavro",
    "inspect",
    "logging",
    "msgspec",
    "pathlib",
    "re",
    "socket",
    "sqlite3",
    "threading",
    "tomllib",
    "typing",
}
"""None of these is needed by an app that is switched off; each takes a good part of its 15 ms, or belongs to what is off."""


def fresh(script, **environ):
    """What the script leaves in `found`, in a process that has only this in its environment and writes no bytecode."""
    whole = f"import sys\n{textwrap.dedent(script)}\nimport json\nprint(json.dumps(found))"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", whole], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_an_app_that_is_switched_off_imports_next_to_nothing():
    modules, bare = fresh(
        """
        bare = sorted(sys.modules)
        from earwitness.client import AuditClient
        audit = AuditClient.from_env(service="ivr")
        with audit.call(call_sid="CA1"), audit.stage("goodbye", input_mode="none") as stage:
            with audit.airtable(table="Jobs", operation="select") as query:
                query.rows = 1
            stage.to("goodbye", "timeout")
            audit.call_started(direction="inbound", language="en")
        audit.flush(), audit.close()
        found = [sorted(sys.modules), bare]
        """,
        EARWITNESS_ENABLED="0",
    )
    added = set(modules) - set(bare)
    assert added & HEAVY == set()
    assert len(added) <= 25, sorted(added)


def test_an_app_that_is_switched_off_has_no_thread_opens_no_file_and_reaches_nobody(tmp_path):
    found = fresh(
        f"""
        import os
        os.chdir({str(tmp_path)!r})
        events = []
        watched = {{"socket.connect", "socket.bind", "os.fork", "os.mkdir", "os.remove", "sqlite3.connect", "subprocess.Popen"}}
        def hook(event, args):
            if event in watched or event == "open" and args[1] not in (None, "r", "rb"):
                events.append([event, str(args)])
        from earwitness.client import AuditClient
        sys.addaudithook(hook)
        before = os.listdir("/proc/self/fd")
        audit = AuditClient.from_env(service="ivr")
        for _ in range(1000):
            audit.call_started(direction="inbound", language="en")
        with audit.redis(operation="get", key="k") as access:
            access.outcome = "miss"
        audit.stats(), audit.close()
        found = [events, len(os.listdir("/proc/self/fd")) - len(before), len(os.listdir("/proc/self/task"))]
        """,
        EARWITNESS_ENABLED="0",
        EARWITNESS_KAFKA_BOOTSTRAP="127.0.0.1:9",
        HOME=str(tmp_path),
    )
    assert found == [[], 0, 1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["0", "false", "No", " OFF "])
def test_all_ways_to_say_off_are_as_cheap(value):
    found = fresh(
        """
        from earwitness.client import AuditClient
        found = [type(AuditClient.from_env()).__name__, "earwitness.runtime.settings" in sys.modules]
        """,
        EARWITNESS_ENABLED=value,
    )
    assert found == ["NoopAudit", False]


def test_the_import_alone_brings_no_kafka_and_builds_no_events():
    added = fresh("import earwitness.client\nfrom earwitness.client import AuditClient\nfound = sorted(sys.modules)")
    assert set(added) & HEAVY == set()


def test_nothing_starts_before_the_first_event():
    found = fresh(
        """
        import os
        from earwitness.client import AuditClient
        audit = AuditClient.from_env(service="ivr")
        found = [type(audit).__name__, len(os.listdir("/proc/self/task")), "earwitness.client.testing" in sys.modules]
        """,
        EARWITNESS_KAFKA_BOOTSTRAP="127.0.0.1:9",
    )
    assert found == ["AuditClient", 1, False]


def test_every_name_can_be_imported_by_itself_and_in_any_order():
    names, others = fresh(
        """
        import earwitness.client as client
        names = client.__all__
        assert set(names) <= set(dir(client))
        others = {}
        for name in reversed(names):
            found = getattr(client, name)
            assert found is getattr(client, name)
            others[name] = found.__module__
        from earwitness.client import *
        assert AuditClient is client.AuditClient
        try:
            client.Nothing
        except AttributeError as error:
            others["Nothing"] = str(error)
        found = [names, others]
        """
    )
    assert others.pop("Nothing") == "module 'earwitness.client' has no attribute 'Nothing'"
    assert set(others) == set(names)
    assert all(home.startswith("earwitness.client.") for home in others.values())


def test_the_event_classes_are_built_by_the_first_event():
    found = fresh(
        """
        from earwitness.client.methods import EventMethods
        class Sink(EventMethods):
            def emit(self, event):
                self.event = event
                return True
        before = "earwitness.schemas.events" in sys.modules
        sink = Sink()
        sink.call_started(direction="inbound", language="en")
        from earwitness.client import methods
        from earwitness.schemas import events
        found = [before, type(sink.event) is events.CallStarted, methods.events is events]
        """
    )
    assert found == [False, True, True]
