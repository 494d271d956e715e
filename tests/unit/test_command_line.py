"""What a person sees of the command when something is wrong: one line, the right exit code, never a traceback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from earwitness.cli import main, reference
from earwitness.cli.app import cli
from earwitness.cli.output import print_table
from earwitness.embedded.home import Home


@pytest.fixture(autouse=True)
def no_handlers_left() -> Iterator[None]:
    """A worker logs to standard output, which to the next test is closed."""
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if type(handler) is not logging.StreamHandler]
    yield
    root.handlers = [handler for handler in root.handlers if type(handler) is not logging.StreamHandler]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, groups left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def test_help_lists_every_command(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    listed = [line.split()[0] for line in out.partition("Commands:")[2].partition("Example:")[0].strip().splitlines()]
    assert listed == list(dict.fromkeys(path[0] for path in commands()))


@pytest.mark.parametrize("command", [*commands()], ids=" ".join)
def test_each_command_has_help_with_an_example(capsys, command):
    code, out, _ = run(capsys, *command, "--help")
    assert code == 0
    assert f"earwitness {' '.join(command)}" in out.partition("Example: ")[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nope"], "No such command 'nope'"),
        (["query"], "Missing argument 'SQL'"),
        (["query", "  "], "the SQL is empty"),
        (["worker", "nobody"], "'nobody' is not one of"),
        (["up", "--what"], "No such option"),
        (["emit", "/does/not/exist.jsonl"], "cannot read /does/not/exist.jsonl"),
        (["topics", "apply", "--replication-factor", "x"], "'x' is not a valid integer range"),
    ],
)
def test_wrong_use_is_one_line_and_2(capsys, arguments, says):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["emit"], ["topics", "plan"], ["ledger"]])
def test_without_a_stack_it_says_how_to_start_one(capsys, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *command)
    assert code == 2
    assert "run: earwitness up" in err


def test_status_of_nothing_is_no(capsys, tmp_path):
    code, out, _ = run(capsys, "status", "--home", str(tmp_path / "none"))
    assert code == 1
    assert "stopped" in out
    code, out, _ = run(capsys, "status", "--json", "--home", str(tmp_path / "none"))
    assert code == 1
    assert json.loads(out)["ready"] is False


def test_down_of_nothing_is_done(capsys, tmp_path):
    code, out, _ = run(capsys, "down", "--home", str(tmp_path / "none"))
    assert code == 0
    assert "Nothing runs" in out


def test_a_home_of_somebody_else_is_left_alone(capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    code, _, err = run(capsys, "up", "--home", str(tmp_path))
    assert code == 2
    assert str(tmp_path) in err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_worker_refuses_an_unknown_setting(capsys, monkeypatch):
    monkeypatch.setenv("EARWITNESS_KAFAK_BOOTSTRAP", "x")
    code, _, err = run(capsys, "worker", "privacy")
    assert code == 2
    assert "unknown setting EARWITNESS_KAFAK_BOOTSTRAP" in err


def test_a_worker_without_a_broker_says_what_to_set(capsys):
    code, _, err = run(capsys, "worker", "privacy")
    assert code == 2
    assert "EARWITNESS_KAFKA_BOOTSTRAP" in err


def test_a_worker_reads_its_settings_file(capsys, tmp_path):
    file = tmp_path / "privacy.toml"
    file.write_text('kafka_bootstrap = "127.0.0.1:9"\nmasking_key_file = "nowhere.key"\n')
    code, _, err = run(capsys, "worker", "privacy", "--config", str(file))
    assert code == 2
    assert "nowhere.key" in err


@pytest.mark.parametrize("value", ["http://", "http://x:abc", "http://x:99999", "http://[:1", "ftp://x"])
def test_an_address_that_is_none_is_wrong_use(capsys, monkeypatch, value):
    monkeypatch.setenv("EARWITNESS_CLICKHOUSE_URL", value)
    for command in (["query", "SELECT 1"], ["ledger"], ["clickhouse", "plan"], ["status"]):
        code, _, err = run(capsys, *command)
        assert code == 2
        assert "EARWITNESS_CLICKHOUSE_URL" in err
        assert len(err.splitlines()) == 1


def test_a_broker_or_a_clickhouse_that_is_away_is_3(capsys, monkeypatch):
    monkeypatch.setenv("EARWITNESS_CLICKHOUSE_URL", "http://127.0.0.1:1")
    for command in (["query", "SELECT 1"], ["clickhouse", "plan"], ["clickhouse", "apply"], ["ledger"]):
        code, _, err = run(capsys, *command)
        assert (code, len(err.splitlines())) == (3, 1), err
        assert "ClickHouse at http://127.0.0.1:1 does not answer: " in err
        assert "refused" in err


@pytest.mark.parametrize("since", ["yesterday", "-5m", "999999999999d", "99999999999999999999s", "²d"])
def test_a_time_that_is_none_is_wrong_use(capsys, monkeypatch, since):
    monkeypatch.setenv("EARWITNESS_CLICKHOUSE_URL", "http://127.0.0.1:1")
    code, _, err = run(capsys, "ledger", "--since", since)
    assert code == 2
    assert "is no time; give" in err


def test_sql_that_is_no_text_is_wrong_use(capsys):
    code, _, err = run(capsys, "query", "SELECT '\udcff'")
    assert (code, err) == (2, "earwitness: the SQL is no valid UTF-8\n")


def test_without_a_command_it_shows_which_there_are(capsys):
    code, _, err = run(capsys)
    assert code == 2
    assert "completion" in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(capsys, shell):
    code, out, _ = run(capsys, "completion", shell)
    assert code == 0
    assert f"_EARWITNESS_COMPLETE={shell}_complete" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("earwitness led", ["ledger"]),
        ("earwitness topics ", ["apply", "plan"]),
        ("earwitness worker s", ["sink"]),
        ("earwitness query 'SELECT count() FROM audit.data_j", ["SELECT count() FROM audit.data_job_lookup"]),
        ("earwitness status --j", ["--json"]),
    ],
)
def test_bash_completes(words, expected):
    """With the script and a bash, as a person does it: the words as they stand on the line, and where the cursor is."""
    asked = subprocess.run(
        [sys.executable, "-m", "earwitness.cli"],
        env=os.environ
        | {
            "_EARWITNESS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split("'")[0].split()) - (0 if words.endswith(" ") or "'" in words else 1)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line.partition(",")[2] for line in asked.stdout.splitlines()] == expected, asked.stderr


def test_what_is_stored_cannot_steer_a_terminal(capsys):
    print_table(["a"], [["\x1b[2Jgone\x07\x9b1m"]])
    assert capsys.readouterr().out == "a\n\\x1b[2Jgone\\x07\\x9b1m\n"


def test_the_reference_is_what_the_commands_say():
    assert reference.page() == Path("docs/command-line.md").read_text("utf-8")


def test_a_piped_table_is_plain_columns(capsys):
    print_table(["a", "b"], [[1, None], [2.5, "x\ty\nz"]], title="T")
    assert capsys.readouterr().out == "# T\na\tb\n1\t\\N\n2.5\tx y z\n"


def test_a_ready_file_names_the_worker(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create()
    home.say_ready("sink")
    assert home.ready_file("sink").exists()
