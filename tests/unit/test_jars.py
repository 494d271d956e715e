import hashlib
import re
import threading
from pathlib import Path

import pytest

from earwitness.embedded import jars
from earwitness.runtime.errors import EarwitnessError, UnavailableError

NAMES = ("a.b:one:1.0", "a.b:two:2.0", "c:three:3.0:linux")


def content(coordinate):
    return f"jar of {coordinate}".encode()


LOCK = tuple(jars.Jar(name, hashlib.sha256(content(name)).hexdigest()) for name in NAMES)


class Repository:
    """Stands for Maven Central, which a unit test must not need: gives what it has, fails for the rest."""

    def __init__(self, held=NAMES):
        self.held = {name: content(name) for name in held}
        self.asked = []

    def __call__(self, incoming: Path):
        def fetch(jar):
            self.asked.append(jar.coordinate)
            if jar.coordinate not in self.held:
                raise UnavailableError(f"cannot fetch {jar.coordinate}")
            path = incoming / jar.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.held[jar.coordinate])
            return path

        return fetch


@pytest.fixture
def repository(monkeypatch):
    repository = Repository()
    monkeypatch.setattr(jars, "_fetcher", repository)
    return repository


def quiet(line):
    pass


def resolve(cache):
    return jars.resolve(cache, quiet, lock=LOCK)


def test_committed_lock_names_kafka_and_no_host():
    locked = {jar.coordinate: jar.sha256 for jar in jars.read_lock()}
    assert {"org.apache.kafka:kafka_2.13:4.3.1", "org.apache.kafka:kafka-tools:4.3.1"} <= set(locked)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in locked.values())
    assert "://" not in jars.LOCK.read_text("utf-8")


@pytest.mark.parametrize("line", ["a.b:one:1.0", "a.b:one 00", "one " + "0" * 64])
def test_lock_with_a_malformed_line_is_refused(tmp_path, line):
    file = tmp_path / "kafka.lock"
    file.write_text(f"a.b:two:2.0 {'0' * 64}\n{line}\n")
    with pytest.raises(EarwitnessError, match=r"kafka\.lock:2"):
        jars.read_lock(file)


def test_first_time_fetches_and_second_time_asks_nobody(tmp_path, repository):
    lines = []
    paths = jars.resolve(tmp_path, lines.append, lock=LOCK)
    assert [path.name for path in paths] == ["one-1.0.jar", "two-2.0.jar", "three-3.0-linux.jar"]
    assert [path.read_bytes() for path in paths] == [content(name) for name in NAMES]
    assert lines[-1].startswith("Apache Kafka 4.3.1: 3 of 3 jars")

    repository.asked.clear()
    lines.clear()
    assert jars.resolve(tmp_path, lines.append, lock=LOCK) == paths
    assert repository.asked == []
    assert lines == []


def test_download_that_is_not_the_locked_one_is_refused_and_not_kept(tmp_path, repository):
    repository.held["a.b:two:2.0"] = b"something else"
    with pytest.raises(EarwitnessError, match=r"not the locked a\.b:two:2\.0") as caught:
        resolve(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "jars" / "two-2.0.jar").exists()


def test_jar_replaced_in_the_cache_is_refused(tmp_path, repository):
    path = resolve(tmp_path)[1]
    path.write_bytes(b"evil".ljust(path.stat().st_size, b"!"))
    with pytest.raises(EarwitnessError, match="delete the file"):
        resolve(tmp_path)


def test_jar_touched_in_the_cache_is_hashed_again_and_kept(tmp_path, repository):
    paths = resolve(tmp_path)
    paths[0].touch()
    (tmp_path / "verified.json").write_text("damaged")
    repository.asked.clear()
    assert resolve(tmp_path) == paths
    assert repository.asked == []


def test_jar_that_the_lock_does_not_name_is_refused(tmp_path, repository):
    resolve(tmp_path)
    (tmp_path / "jars" / "stranger-1.0.jar").write_bytes(b"")
    with pytest.raises(EarwitnessError, match=r"stranger-1\.0\.jar is not in the lock"):
        resolve(tmp_path)


def test_changed_lock_is_noticed_though_the_files_are_the_same(tmp_path, repository):
    resolve(tmp_path)
    other = (jars.Jar(NAMES[0], "0" * 64), *LOCK[1:])
    with pytest.raises(EarwitnessError, match="not the locked"):
        jars.resolve(tmp_path, quiet, lock=other)


def test_broken_download_keeps_what_arrived(tmp_path, repository):
    del repository.held["c:three:3.0:linux"]
    with pytest.raises(UnavailableError):
        resolve(tmp_path)
    kept = {path.name for path in (tmp_path / "jars").iterdir()}
    repository.held["c:three:3.0:linux"] = content("c:three:3.0:linux")
    repository.asked.clear()
    assert len(resolve(tmp_path)) == 3
    assert len(repository.asked) == 3 - len(kept)


def test_no_network_says_what_to_do_and_leaves_home_alone(tmp_path, monkeypatch):
    pytest.importorskip("jgo")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="check the network") as caught:
        resolve(tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_two_at_once_fetch_once(tmp_path, repository):
    together = threading.Barrier(2)
    results = []

    def run():
        together.wait(10)
        results.append(resolve(tmp_path))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == 2
    assert results[0] == results[1]
    assert sorted(repository.asked) == sorted(NAMES)
