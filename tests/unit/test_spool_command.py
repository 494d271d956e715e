"""What an operator sees of spools: which there are, and the events in them as JSON that `emit` takes."""

import json
import os
from pathlib import Path

import pytest

import spooled
from earwitness.cli import main
from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvents
from earwitness.client.spool import Spool
from earwitness.client.spool.journal import Journal
from earwitness.schemas.events import DataAirtableQuery

ORIGIN = Origin("ivr", "prod", "acme", "dead-1")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("EARWITNESS_SPOOL_DIR", str(tmp_path))
    monkeypatch.setenv("EARWITNESS_ENVIRONMENT", "spool")
    return tmp_path


def run(capsys, *arguments):
    code = main(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def dead(place: Path, producer_id="dead-1", service="ivr"):
    spool = Spool.open(spooled.settings(place), service, producer_id)
    origin = Origin(service, "prod", "acme", producer_id)
    spool.append([spooled.event_frame(origin, number, spooled.ended(number)) for number in range(1, 4)])
    return spool


def test_without_a_spool_there_is_nothing_to_list(capsys, place):
    assert run(capsys, "spool", "list")[:2] == (
        0,
        "service\tproducer\tstate\tevents\tinvalid\tjournal\tbytes\toldest, s\n",
    )
    code, out, err = run(capsys, "spool", "list", "--json")
    assert (code, out, err.splitlines()) == (0, "", [f"earwitness: nothing waits in {place / 'spool'}"])
    assert run(capsys, "spool", "export") == (0, "", "")
    assert run(capsys, "spool", "replay")[:2] == (0, "0 events delivered, 0 stay\n")
    assert not (place / "spool").exists(), "looking makes nothing"
    code, _, err = run(capsys, "spool", "list", "--service", "billing")
    assert (code, len(err.splitlines())) == (2, 1)


def test_list_tells_who_lives_and_what_is_there(capsys, place):
    dead(place).close()
    living = dead(place, "living-1", "billing")
    living.set_aside("call.ended", 9, b"x", "it does not fit")
    journal = Journal.open(spooled.settings(place), Origin("ivr", "prod", "acme", "ring-1"), size_bytes=1 << 20)
    journal.write(b"x")
    journal.close()
    (place / "spool" / "ivr" / "old.db.damaged").touch(0o600)
    code, out, _ = run(capsys, "spool", "list", "--json")
    found = {each["producer"]: each for each in json_lines(out)}
    assert code == 0
    assert set(found) == {"dead-1", "living-1", "ring-1", "old.db.damaged"}
    assert [found["living-1"][name] for name in ("service", "alive", "events", "invalid")] == ["billing", True, 3, 1]
    assert [found["dead-1"][name] for name in ("service", "alive", "events", "invalid", "problem")] == [
        "ivr",
        False,
        3,
        0,
        None,
    ]
    assert found["dead-1"]["oldest_seconds"] < 60
    assert found["dead-1"]["bytes"] > 4096
    assert (found["ring-1"]["alive"], found["ring-1"]["journal"]) == (False, 1)
    assert "set aside" in found["old.db.damaged"]["problem"]
    code, out, err = run(capsys, "spool", "list", "--service", "ivr")
    states = [line.split("\t")[1:3] for line in out.splitlines()[1:]]
    assert states == [["dead-1", "dead"], ["ring-1", "dead"], ["old.db.damaged", "damaged"]]
    assert "old.db.damaged: damaged" in err
    living.close()


def test_list_says_what_cannot_be_read(capsys, place):
    directory = place / "spool" / "ivr"
    dead(place).close()
    (directory / "dead-1.db").write_bytes(b"garbage" * 1000)
    code, out, _ = run(capsys, "spool", "list", "--json")
    [found] = json_lines(out)
    assert (code, found["events"]) == (0, None)
    assert "not a database" in found["problem"]
    code, out, err = run(capsys, "spool", "export")
    assert (code, out) == (1, "")
    assert "not a database" in json.loads(err)["reason"]


@pytest.mark.parametrize("alive", [True, False])
def test_export_gives_what_emit_takes(capsys, place, alive):
    spool = dead(place)
    query = DataAirtableQuery(
        table="Jobs", operation="select", rows=1, retries=0, latency_ms=2.5, attributes={"Zoë": "🙈"}
    )
    spool.append([spooled.event_frame(ORIGIN, 4, query)])
    if not alive:
        spool.close()
    code, out, err = run(capsys, "spool", "export", "--service", "ivr")
    assert (code, err) == (0, "")
    given = json_lines(out)
    assert [event["sequence"] for event in given] == [1, 2, 3, 4]
    assert [event["kind"] for event in given] == ["call.ended"] * 3 + ["data.airtable_query"]
    assert all(event["replayed"] is True for event in given)
    assert given[0]["occurred_at"].endswith("Z")
    assert given[3]["attributes"] == {"Zoë": "🙈"}
    door = JsonEvents(Origin("other", "dev", "default", "emit"))
    for event in given:
        kind, record = door.parse(event)
        assert (kind, record["event_id"], record["producer_id"]) == (event["kind"], event["event_id"], "dead-1")
        assert record["replayed"] is True
    assert door.unknown_fields == 0
    spool.close()
    assert run(capsys, "spool", "export")[1] == out, "nothing was changed by looking"
    assert run(capsys, "spool", "export", "--producer", "nobody") == (0, "", "")


def test_export_tells_of_invalid_events_and_damaged_rows(capsys, place):
    spool = dead(place)
    spool.set_aside("call.ended", 7, spooled.taken(spooled.ended(-1)), "duration_seconds does not fit")
    spool.set_aside("unknown", 8, b"\xff no msgpack", "it cannot be read")
    spool._store._db.execute("UPDATE frames SET checksum = 1 WHERE id = 2")
    spool.append([spooled.event_frame(ORIGIN, 9)._replace(schema_id=5)])
    spool.close()
    code, out, err = run(capsys, "spool", "export")
    assert code == 1
    assert [event["sequence"] for event in json_lines(out)] == [1, 3]
    refused = {each["sequence"]: each for each in json_lines(err)}
    assert refused[7]["reason"] == "duration_seconds does not fit"
    assert refused[7]["captured"]["duration_seconds"] == -1
    assert refused[8]["captured"] == "/yBubyBtc2dwYWNr"
    assert "cannot be decoded" in refused[9]["reason"]
    assert refused[0]["reason"] == "the row is damaged"


def test_export_reads_journals(capsys, place):
    journal = Journal.open(spooled.settings(place), ORIGIN, size_bytes=1 << 20)
    slots = [journal.write(spooled.taken(spooled.ended(number))) for number in range(3)]
    journal.number(slots[0], 17)
    journal.write(b"nonsense")
    code, out, err = run(capsys, "spool", "export")
    assert code == 1
    assert [event["sequence"] for event in json_lines(out)] == [17, 18, 19]
    assert json.loads(err)["kind"] == "unknown"
    for slot in range(4):
        journal.free(slot)
    journal.close()


def test_a_directory_of_the_command_line_wins(capsys, place, monkeypatch):
    dead(place).close()
    monkeypatch.setenv("EARWITNESS_SPOOL_DIR", "/does/not/exist")
    monkeypatch.chdir(place)
    assert run(capsys, "spool", "list")[1].count("\n") == 1
    assert run(capsys, "spool", "list", "--dir", ".")[1].count("\n") == 2


def test_an_environment_has_a_spool_of_its_own(capsys, place, monkeypatch):
    dead(place).close()
    monkeypatch.setenv("EARWITNESS_ENVIRONMENT", "../staging")
    code, _, err = run(capsys, "spool", "list")
    assert code == 0
    assert err == (
        f"earwitness: nothing waits in {place / '%2E.%2Fstaging'}; there are spools of: spool "
        "(EARWITNESS_ENVIRONMENT chooses)\n"
    )


def test_a_directory_of_others_is_told(capsys, place):
    dead(place).close()
    (place / "spool").chmod(0o777)
    for command in ("list", "export", "replay"):
        code, out, err = run(capsys, "spool", command)
        assert (code, out, len(err.splitlines())) == (3, "", 1)
        assert "is open to other users" in err


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("EARWITNESS_SPOOL_DIR", "relative", "an absolute path"),
        ("EARWITNESS_SPOOL_MAX_BYTES", "10", "at least 1 MiB"),
        ("EARWITNESS_SPOOL_MAX_BYTES", "many", "give bytes, or 512M"),
        ("EARWITNESS_SPOOL_MAX_DAYS", "0", "above 0"),
        ("EARWITNESS_SPOOL_MAX_DAYS", "nan", "above 0"),
        ("EARWITNESS_SPOOL_MAX_DAYS", "a week", "number of days"),
        ("EARWITNESS_SPOOL_SYNC", "maybe", "normal or full"),
        ("EARWITNESS_DURABILITY", "hopeful", "buffered, spool_first or journal"),
    ],
)
def test_wrong_settings_are_one_line(capsys, place, monkeypatch, *, name, value, says):
    monkeypatch.setenv(name, value)
    code, _, err = run(capsys, "spool", "list")
    assert (code, len(err.splitlines())) == (2, 1)
    assert name in err
    assert says in err


def test_settings_are_read(monkeypatch):
    from earwitness.runtime.settings import Settings

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/ivr")
    default = Settings.load({})
    assert (default.durability, str(default.spool.directory)) == (
        "spool_first",
        "/home/ivr/.local/state/earwitness/spool/dev",
    )
    monkeypatch.setenv("XDG_STATE_HOME", "/var/lib/ivr")
    assert str(Settings.load({}).spool.directory) == "/var/lib/ivr/earwitness/spool/dev"
    given = Settings.load(
        {
            "EARWITNESS_SPOOL_DIR": "/spool",
            "EARWITNESS_ENVIRONMENT": "prod",
            "EARWITNESS_SPOOL_MAX_BYTES": "2GiB",
            "EARWITNESS_SPOOL_MAX_DAYS": "0.5",
            "EARWITNESS_SPOOL_SYNC": "FULL",
            "EARWITNESS_DURABILITY": "journal",
        }
    )
    assert (given.durability, str(given.spool.directory)) == ("journal", "/spool/prod")
    assert (given.spool.max_bytes, given.spool.max_days, given.spool.sync) == (2 << 30, 0.5, "full")
    assert os.environ["HOME"] == "/home/ivr"
