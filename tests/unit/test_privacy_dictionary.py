"""The site dictionary's file: what is read, and what somebody is told who wrote it wrongly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from earwitness.privacy.dictionary import MOST_BYTES, NO_WORDS, Dictionary
from earwitness.privacy.site import Site
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import Settings

GOOD = """\
# staff
people = ["Maria Garcia", "José  Peña"]

[keep]
words = ["Garcia Plumbing"]
phones = ["+1 415 555 0100"]
mail = ["office@example.com"]
ids = ["J-#####", "CL-00417"]
"""


def written(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "words.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(0o644)
    return file


def test_what_it_holds(tmp_path):
    found = Dictionary.load(written(tmp_path, GOOD))
    assert found == Dictionary(
        ("Maria Garcia", "José Peña"),
        ("Garcia Plumbing",),
        ("+1 415 555 0100",),
        ("office@example.com",),
        ("J-#####", "CL-00417"),
    )
    assert Dictionary.load(written(tmp_path, "\ufeff" + GOOD)) == found, "an editor may put a mark in front"
    assert found.fingerprint == Dictionary.load(written(tmp_path, GOOD)).fingerprint
    assert found.fingerprint != Dictionary.load(written(tmp_path, GOOD.replace("00417", "00418"))).fingerprint
    assert Dictionary.load(None) == Dictionary.load(written(tmp_path, "")) == NO_WORDS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("people = [", "is no valid TOML"),
        ('people = ["a\n', "line 1"),
        ('people = "Maria"', "line 1: people is a list of texts"),
        ('\n\npeople = ["Maria", 7]', "line 3: people, entry 2, is a int and no text"),
        ('people = ["Maria",\n  "x"]', "line 2: people, entry 2, is no name: it has fewer than two letters"),
        ('people = ["R2 D2"]', "is no name: it holds a digit"),
        ('people = [" "]', "entry 1, is empty"),
        (f'people = ["{"a" * 101}"]', "is longer than 100 characters"),
        ('people = ["a b c d e f g"]', "more than 6 words"),
        ('people = ["Ma\\u202eria"]', "holds a character that nobody sees"),
        ('keep = ["x"]', "line 1: keep is a table: [keep]"),
        (
            'staff = ["x"]',
            "line 1: there is no 'staff'; there are people, keep.words, keep.phones, keep.mail, keep.ids",
        ),
        ('[keep]\npeople = ["Maria"]', "line 2: there is no 'keep.people'"),
        ('[keep]\nwords = ["12345"]', "line 2: keep.words, entry 1, has no letter"),
        ('[keep]\nwords = ["a@b.example"]', "give it under keep.mail"),
        ('[keep]\nphones = ["0100"]', "is no phone number"),
        ('[keep]\nphones = ["anonymous"]', "is no phone number"),
        ('[keep]\nmail = ["office"]', "is no mail address"),
        ('[keep]\nids = ["J-\\\\d+"]', "is no form of an id"),
        ('[keep]\nids = ["##########"]', "would keep any number of that form"),
        ('[keep]\nids = ["4471"]', "would keep any number of that form"),
        ('[keep]\nids = ["4111111111111111"]', "would keep any number of that form"),
        ('people = ["Maria"]\n[keep]\nwords = ["maria"]', "line 3: entry 1 of people stands in keep.words too"),
        ('people = ["Ann"' + ', "Ann"' * 10_000 + "]", "has 10001 entries; at most 10000 are read"),
        ("people = " + "[" * 100_000, "dictionary"),
        (b'people = ["Maria"]\n"\xff" = 1', "is no UTF-8 text (line 2)"),
        ("people = " + "9" * 100_000, "a number in it cannot be read"),
        ("a." * 500_000 + "a = 1", "it has a key of 20 parts and more"),
        ('"a b".' * 170_000 + "a = 1", "it has a key of 20 parts and more"),
        ("a=" + "{a=" * 100_000, "is nested too deeply"),
        ('people = "' + '\\"' * 400_000, "is no valid TOML"),
        (b"\x00\x01\x02", "is no valid TOML"),
        (b"#" * (MOST_BYTES + 1), "is larger than 1 MiB"),
    ],
)
def test_a_wrong_one_is_refused_in_one_clear_line(tmp_path, text, says):
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as found:
        Dictionary.load(file)
    told = str(found.value)
    assert str(file) in told
    assert says in told.replace(str(file), "dictionary"), told
    assert len(told) < 400
    assert "Maria" not in told


def test_what_is_no_file_of_its_own_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path, tmp_path / "nothing", Path("/dev/null")):
        with pytest.raises(SettingsError, match="dictionary"):
            Dictionary.load(path)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(SettingsError, match="cannot read the dictionary"):
        Dictionary.load(loop)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_one_that_others_may_write_is_refused_also_behind_a_link(tmp_path, mode):
    file = written(tmp_path, GOOD)
    link = tmp_path / "link"
    link.symlink_to(file)
    assert len(Dictionary.load(link)) == 7
    file.chmod(mode)
    for path in (file, link):
        with pytest.raises(SettingsError, match="others may write it; run: chmod go-w"):
            Dictionary.load(path)


def test_settings_name_it_and_the_preset(tmp_path):
    file = written(tmp_path, GOOD)
    environ = {"EARWITNESS_PRIVACY_PRESET": "Strict", "EARWITNESS_PRIVACY_DICTIONARY": str(file)}
    site = Site.from_settings(Settings.load(environ))
    assert (site.preset, len(site.dictionary)) == ("strict", 7)
    assert str(site) == f"preset strict, dictionary of 7 entries ({site.dictionary.fingerprint})"
    assert Site.from_settings(Settings.load({})) == Site()
    with pytest.raises(SettingsError, match="EARWITNESS_PRIVACY_PRESET is 'off'; give strict, balanced or whole"):
        Settings.load({"EARWITNESS_PRIVACY_PRESET": "off"})
