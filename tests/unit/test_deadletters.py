"""`earwitness deadletters` without a stack: what is chosen, what each reason means, what is refused."""

from __future__ import annotations

import pytest

from earwitness.cli import main
from earwitness.cli.letters import REASONS, Choice, DeadLetter, _where, choose, count, meaning
from earwitness.runtime.errors import UsageError
from earwitness.schemas import catalogue

TOPIC_ID = "00" * 16


def letter(reason="unknown_schema", schema_id=None):
    return DeadLetter(
        "audit.raw.call", TOPIC_ID, 3, 1742, "privacy", reason, schema_id, 512, "2026-11-24 15:04:05", "said so"
    )


class Answers:
    def __init__(self, rows):
        self.rows_ = rows
        self.asked = []

    def rows(self, sql, parameters):
        self.asked.append((sql, parameters))
        return self.rows_


def test_what_a_user_gives_is_a_parameter_and_never_part_of_the_statement():
    bad = "x' OR '1'='1"
    where, parameters = _where(Choice("framing", bad, 5, ("audit.raw.call:3:1742",)))
    assert bad not in where
    assert parameters == {"reason": "framing", "topic": bad, "schema_id": 5, "positions": "audit.raw.call:3:1742"}
    assert _where(Choice()) == ("1", {})


@pytest.mark.parametrize("position", ["", "audit.raw.call", "audit.raw.call:3", "a:b:c", "t:1:2,t:1:3", "t:1:2'"])
def test_a_position_has_its_form(position):
    with pytest.raises(UsageError, match="is no position; give topic:partition:offset"):
        choose(Answers([]), Choice(positions=(position,)))


def test_dead_letters_come_as_they_stand():
    one = letter(schema_id=7)
    server = Answers([[getattr(one, name) for name in one.__struct_fields__]])
    assert choose(server, Choice(), most=10) == [one]
    assert "LIMIT 10" in server.asked[0][0]
    assert one.position == "audit.raw.call:3:1742"
    assert one.place.key == b"audit.raw.call:3:1742"
    assert one.place.topic_id == bytes(16)
    server.rows_ = [[4]]
    assert count(server, Choice()) == 4


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_explained(reason):
    says, does = meaning(letter(reason))
    assert says
    assert does


def test_an_unknown_schema_says_whether_this_release_has_it():
    known = catalogue.raw("trail.admin_action")
    says, does = meaning(letter(schema_id=known.id))
    assert says.endswith("this release has it: raw trail.admin_action, version 3")
    assert does.endswith(f"reinject --schema-id {known.id}")
    assert meaning(letter(schema_id=5))[0].endswith("this release does not have it either")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["reinject"], "choose some, by --reason, --topic, --schema-id or --position"),
        (["reinject", "--reason", "bored"], "'bored' is not one of"),
        (["explain"], "Missing argument 'POSITION'"),
        (["list"], "no stack was ever started"),
    ],
)
def test_wrong_use_is_one_line_and_2(capsys, tmp_path, monkeypatch, arguments, says):
    monkeypatch.setenv("EARWITNESS_HOME", str(tmp_path / "none"))
    assert main(["deadletters", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
