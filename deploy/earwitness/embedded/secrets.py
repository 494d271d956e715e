"""Passwords and keys of the embedded stack: made once, each in a file that only its owner can read."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import Secret, read_private_file

__all__ = ["CLICKHOUSE_USERS", "KAFKA_USERS", "Secrets"]

KAFKA_USERS = ("admin", "controller", "producer", "privacy", "sink")
CLICKHOUSE_USERS = ("admin", "sink", "analyst")


class Secrets:
    """The secrets in one directory. `make` creates what is missing and never touches what is there.

    Three of them cannot be made anew once there is data: with another masking key a caller gets other tokens than before, what
    was sealed with the quarantine key stays sealed, and the broker keeps its super user's password itself.

    Passwords consist of letters, digits, `-` and `_`, so that they fit into any configuration file as they are. A key
    file holds one line, `<key id>:<base64 of 32 random bytes>`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.masking_key_file = directory / "masking.key"
        self.quarantine_key_file = directory / "quarantine.key"

    def make(self, *, has_data: bool = False) -> None:
        """Create the missing files (0600). Safe to be called by several processes at once.

        Args:
            has_data: the home has been in use, so that the irreplaceable ones have to be there.

        Raises:
            SettingsError: an irreplaceable one is missing, or one is empty (a full disk, a copy that was cut off).
        """
        irreplaceable = (self.masking_key_file, self.quarantine_key_file, self.kafka_password_file("admin"))
        for file in irreplaceable:
            if has_data and not _has_content(file):
                raise SettingsError(
                    f"{file} is missing or empty, and the data of this home needs it; put it back from a backup or the original"
                )
        for file in self._password_files():
            if file.exists() and not _has_content(file):
                raise SettingsError(f"{file} is empty; delete it, then the next start makes a new one")
        for file in self._password_files():
            _create(file, secrets.token_urlsafe(24))
        _create(self.masking_key_file, _key("k1"))
        _create(self.quarantine_key_file, _key("q1"))

    def kafka_password_file(self, user: str) -> Path:
        """Where the password of a Kafka user stands."""
        return self.directory / f"kafka-{user}.password"

    def clickhouse_password_file(self, user: str) -> Path:
        """Where the password of a ClickHouse user stands."""
        return self.directory / f"clickhouse-{user}.password"

    def kafka_password(self, user: str) -> Secret:
        """The password of a Kafka user.

        Raises:
            SettingsError: the file is missing or open to others.
        """
        return _read(self.kafka_password_file(user))

    def clickhouse_password(self, user: str) -> Secret:
        """The password of a ClickHouse user.

        Raises:
            SettingsError: the file is missing or open to others.
        """
        return _read(self.clickhouse_password_file(user))

    def _password_files(self) -> Iterable[Path]:
        yield from map(self.kafka_password_file, KAFKA_USERS)
        yield from map(self.clickhouse_password_file, CLICKHOUSE_USERS)


def _has_content(file: Path) -> bool:
    return file.exists() and bool(file.read_bytes().strip())


def _key(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode('ascii')}"


def _read(file: Path) -> Secret:
    return Secret(read_private_file(file, setting="home").decode("utf-8").strip())


def _create(file: Path, text: str) -> None:
    """Write a new file, whole or not at all; one that exists stays as it is, whoever wins a race."""
    if file.exists():
        return
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, file)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
