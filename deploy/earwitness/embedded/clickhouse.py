"""The embedded ClickHouse: its directory and configuration, and the service that runs in it.

It is the engine of the `chdb-core` wheel, which serves HTTP like any ClickHouse server (`clickhouse_server`), for
development, tests and demonstrations on one machine.
"""

from __future__ import annotations

import base64
import http.client
import os
import sys
import uuid
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

from earwitness.clickhouse.access import Policy, hashes
from earwitness.clickhouse.access_xml import users_xml
from earwitness.embedded.files import cannot_write
from earwitness.embedded.ports import HOST
from earwitness.embedded.service import Service
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Secret

__all__ = ["clickhouse_service"]

_QUERY_LOG = (
    "ENGINE = MergeTree PARTITION BY toYYYYMM(event_date) ORDER BY (event_date, event_time) "
    "TTL event_date + INTERVAL 90 DAY DELETE"
)

_SERVER: Mapping[str, str | int] = {
    "listen_host": HOST,
    "users_config": "users.xml",
    "timezone": "UTC",
    # A laptop's share: what goes beyond fails that query, not the machine.
    "max_server_memory_usage": 4 * 1024**3,
    "mark_cache_size": 128 * 1024**2,
    "max_concurrent_queries": 64,
    "background_pool_size": 2,
    "background_schedule_pool_size": 8,
    "max_thread_pool_size": 500,
    "keep_alive_timeout": 30,
}

# An insert that was answered must be there after a power cut too: the sink commits its offsets on that answer.
_MERGE_TREE: Mapping[str, str | int] = {
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    # The defaults keep this many threads' worth of free slots in the pool, which is smaller here than any server's.
    "number_of_free_entries_in_pool_to_lower_max_size_of_merge": 1,
    "number_of_free_entries_in_pool_to_execute_mutation": 1,
    "number_of_free_entries_in_pool_to_execute_optimize_entire_partition": 1,
}


# Of this engine only: `Python()` ends the whole process when it is called over HTTP.
_FIXED = {"allow_python_table_function": 0}


def clickhouse_service(
    directory: Path,
    http_port: int,
    passwords: Mapping[str, Secret],
    registry_url: str,
    log: Path,
) -> Service:
    """Write the configuration and say how to run the server. Ports and passwords may differ from the last start's.

    Args:
        directory: the server's own; it is made private (0700). Only SHA-256 sums of the passwords are written.
        http_port: of the HTTP interface, on 127.0.0.1.
        passwords: of every user that logs in by password (`admin`, `sink`, `analyst`); others are ignored.
        registry_url: where the server asks for Avro schemas by their id, for inserts of the user `sink`.
        log: what the server's output is appended to.

    Raises:
        UsageError: the engine is not installed, or a password is missing.
        EarwitnessError: the directory cannot be written.
    """
    if find_spec("chdb") is None:
        raise UsageError("the embedded ClickHouse needs its engine; run: pip install 'earwitness[embedded]'")
    policy = Policy.load().with_settings("sink", {"format_avro_schema_registry_url": registry_url})
    policy = policy.with_fixed(_FIXED)
    users = users_xml(policy, hashes(policy.users, passwords))
    try:
        for path in (directory, directory / "etc", directory / "data"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
        write_private(directory / "etc" / "config.xml", _config_xml(http_port))
        write_private(directory / "etc" / "users.xml", users)
        _keep_system_tables(directory / "data")
    except OSError as error:
        raise cannot_write(error, directory) from error
    admin = passwords["admin"]
    return Service(
        name="clickhouse",
        argv=[sys.executable, "-m", "earwitness.embedded.clickhouse_server", "."],
        environment={"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"},
        directory=directory,
        log=log,
        ports=(http_port,),
        ready=lambda: _answers(http_port, "admin", admin),
        stop_seconds=15.0,
    )


def write_private(path: Path, text: str) -> None:
    """Put `text` into a file that only this user can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def _keep_system_tables(data: Path) -> None:
    """Give a fresh server a `system` database on disk: in its own, in memory, the query log ends with the process."""
    if not (data / "status").exists():
        (data / "metadata").mkdir(mode=0o700, exist_ok=True)
        database = f"ATTACH DATABASE _ UUID '{uuid.uuid4()}'\nENGINE = Atomic\n"
        write_private(data / "metadata" / "system.sql", database)


def _config_xml(http_port: int) -> str:
    root = ET.Element("clickhouse")
    for name, value in {**_SERVER, "http_port": http_port}.items():
        ET.SubElement(root, name).text = str(value)
    merge_tree = ET.SubElement(root, "merge_tree")
    for name, value in _MERGE_TREE.items():
        ET.SubElement(merge_tree, name).text = str(value)
    # Who asked what: analysts' reads are part of the audit trail.
    query_log = ET.SubElement(root, "query_log")
    for name, value in (
        ("database", "system"),
        ("table", "query_log"),
        ("engine", _QUERY_LOG),
        ("flush_interval_milliseconds", "2000"),
    ):
        ET.SubElement(query_log, name).text = value
    access = ET.SubElement(root, "access_control_improvements")
    ET.SubElement(access, "select_from_system_db_requires_grant").text = "true"
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _answers(port: int, user: str, password: Secret) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2.0)
    token = base64.b64encode(f"{user}:{password.reveal()}".encode()).decode("ascii")
    try:
        connection.request("POST", "/", body="SELECT 1", headers={"Authorization": f"Basic {token}"})
        response = connection.getresponse()
        return response.status == http.client.OK and response.read(16) == b"1\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
