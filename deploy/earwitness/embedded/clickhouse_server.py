"""The process of the embedded ClickHouse: `python -m earwitness.embedded.clickhouse_server DIRECTORY`.

`chdb` has two entries. The documented one is an engine without users or listeners; the older one runs
clickhouse-local's server, where `SYSTEM START LISTEN HTTP` opens ClickHouse's own HTTP interface, with users, grants
and quotas. It serves for as long as one query of its own runs, so a query that sleeps for ever is run, and ended by
KILL QUERY when the process is told to stop. Undocumented: the version is pinned, and a test boots it.

DIRECTORY holds `etc/config.xml` and `etc/users.xml` (see `clickhouse.clickhouse_service`) and gets `data/`. After
kill -9 it can be started again at once: the engine's lock is the kernel's and goes with the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from earwitness.clickhouse.access_xml import password_xml
from earwitness.embedded.clickhouse import write_private
from earwitness.embedded.confine import confine_reads
from earwitness.embedded.ports import HOST

__all__ = ["main"]

# One row a second: the sleep is not cut short, so the end comes up to that much later.
_SERVE = "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size = 1 FORMAT Null"
# In this order: queries are ended (an insert ended so is not acknowledged), what was asked is written down, the end.
_STOP = (
    "KILL QUERY WHERE interface != 'Local' AND user != 'stopper' SYNC FORMAT Null",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE interface = 'Local' ASYNC FORMAT Null",
)
# The engine itself would wait longer for clients that keep a connection open, and then exit with an error. All that
# was acknowledged is on disk by then.
_STOP_SECONDS = 3.0


class _Engine:
    """The engine, running its endless query in a thread."""

    def __init__(self, chdb: Any, directory: Path) -> None:
        self._chdb = chdb
        self._data = str(directory / "data")
        self.error = ""
        self.ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._serve, name="clickhouse", daemon=True).start()

    def _serve(self) -> None:
        try:
            # "TabSeparated" becomes the server's default format, as it is ClickHouse's.
            self.error = self._chdb.query(_SERVE, "TabSeparated", path=self._data).error_message() or ""
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below and ends the process
            self.error = str(error)
        finally:
            self.ended.set()


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; 0 after a clean stop, 3 when the engine ended by itself."""
    directory = Path(argv[0]).absolute()
    os.umask(0o077)
    # The import opens an engine that reads ./config.xml (here there is none) and starts threads.
    os.chdir(directory)
    if not confine_reads([directory, *_engine_paths(directory)]):
        _say("this system cannot confine ClickHouse: whoever may select can read this user's files by file('…')")
    chdb: Any = importlib.import_module("chdb._chdb")
    chdb.set_signal_handlers_enabled(0)
    os.chdir(directory / "etc")
    password = _renew_stopper(Path.cwd())
    port = int(ET.parse("config.xml").findtext("http_port", "0"))  # noqa: S314 - our own file

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = _Engine(chdb, directory)
    engine.start()
    _say(f"ClickHouse starts on {HOST}:{port}")
    while not stop.wait(0.2):
        if engine.ended.is_set():
            _say(f"ClickHouse ended: {engine.error.split(', Stack trace', 1)[0].strip() or 'the reason is above'}")
            return 3
    _say("ClickHouse stops")
    deadline = time.monotonic() + _STOP_SECONDS
    while not engine.ended.is_set() and time.monotonic() < deadline:
        # Again and again: the first may come before the server listens, and a query may begin after it.
        for statement in _STOP:
            _ask(statement, port, password)
        engine.ended.wait(0.3)
    _say("ClickHouse has stopped" if engine.ended.is_set() else "ClickHouse is left with open connections")
    return 0


def _engine_paths(directory: Path) -> list[Path]:
    """What the interpreter and the engine read: programs, libraries and the system's facts, nobody's own files."""
    system = ["/usr", "/lib", "/lib64", "/proc", "/sys", "/dev"]
    facts = ["ld.so.cache", "localtime", "timezone", "hosts", "host.conf", "resolv.conf", "nsswitch.conf"]
    # A path that holds the home directory would open its secrets.
    python = [path for path in (sys.prefix, sys.base_prefix, *sys.path) if path and not directory.is_relative_to(path)]
    return [Path(path) for path in (*system, *(f"/etc/{name}" for name in facts), *python)]


def _renew_stopper(etc: Path) -> str:
    """Give the user `stopper` a password that only this process knows."""
    password = secrets.token_hex(32)
    (etc / "users.d").mkdir(mode=0o700, exist_ok=True)
    write_private(
        etc / "users.d" / "stopper.xml",
        password_xml("stopper", hashlib.sha256(password.encode()).hexdigest()),
    )
    return password


def _ask(statement: str, port: int, password: str) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=1.0)
    headers = {"X-ClickHouse-User": "stopper", "X-ClickHouse-Key": password}
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("POST", "/", body=statement, headers=headers)
        connection.getresponse().read()


def _say(message: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{now} {message}", flush=True)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Not `sys.exit`: where the engine did not stop, its threads would hold up the interpreter's end or crash in it.
    os._exit(code)
