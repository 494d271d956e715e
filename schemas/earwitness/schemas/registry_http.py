"""One HTTP request to a registry, bounded in time and size whatever the other side does.

`http.client` bounds each read, so that a byte now and then holds it for hours. Here everything behind the look-up of the
host's name (which is the resolver's) shares one deadline. A connection serves one request: a schema is asked for once.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import socket
import ssl
import time
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import RegistrySettings
from earwitness.schemas.errors import RegistryAwayError

__all__ = ["MOST_BYTES", "Answer", "RegistryHttp"]

MOST_BYTES = 1 << 20
_TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its status and, whole, its body."""

    status: int
    body: bytes


class RegistryHttp:
    """Asks one registry.

    Args:
        settings: where it is, and as whom to ask.
        seconds: how long a request may take.

    Raises:
        SettingsError: the address or the certificate file cannot be used.
    """

    def __init__(self, settings: RegistrySettings, seconds: float) -> None:
        try:
            address = urlsplit(settings.url)
            self._port = address.port or (443 if address.scheme == "https" else 80)
        except ValueError:
            raise SettingsError("EARWITNESS_REGISTRY_URL is no address; give http(s)://host:port[/path]") from None
        self._host = address.hostname or ""
        self._netloc = address.netloc
        self._path = address.path.rstrip("/")
        self._url = settings.url
        self._seconds = seconds
        self._tls = _tls(settings) if address.scheme == "https" else None
        self._headers = {"Accept": f"{_TYPE}, application/json", "Content-Type": _TYPE, "Connection": "close"}
        if settings.user is not None and settings.password is not None:
            login = f"{settings.user}:{settings.password.reveal()}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(login).decode('ascii')}"

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send a request and read its whole answer.

        Raises:
            RegistryAwayError: there is none, not in time, or it is too large.
        """
        deadline = time.monotonic() + self._seconds
        try:
            with contextlib.closing(self._connect(deadline)) as channel:
                connection = http.client.HTTPConnection(self._host, self._port)
                timed: Any = _Timed(channel, deadline)
                connection.sock = timed
                # The host as it was given: a name in front of several registries decides by it.
                connection.request(method, self._path + path, body, {**self._headers, "Host": self._netloc})
                response = connection.getresponse()
                found = response.read(MOST_BYTES + 1)
        except TimeoutError:
            raise RegistryAwayError(f"the registry at {self._url} does not answer within {self._seconds:g} s") from None
        except ssl.SSLError as error:
            raise RegistryAwayError(f"no safe connection to the registry at {self._url}: {error.reason}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise RegistryAwayError(f"the registry at {self._url} does not answer: {problem}") from None
        if len(found) > MOST_BYTES:
            raise RegistryAwayError(f"the registry at {self._url} answers with more than {MOST_BYTES} bytes")
        return Answer(response.status, found)

    def _connect(self, deadline: float) -> socket.socket:
        plain = socket.create_connection((self._host, self._port), self._seconds)
        if self._tls is None:
            return plain
        try:
            plain.settimeout(_left(deadline))
            return self._tls.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise


class _Timed:
    """What `http.client` needs of a socket, each operation with the time that is left."""

    def __init__(self, channel: socket.socket, deadline: float) -> None:
        self._channel = channel
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._channel.settimeout(_left(self._deadline))
        self._channel.sendall(data)

    def makefile(self, *_: Any, **__: Any) -> IO[Any]:
        return io.BufferedReader(_Reader(self._channel, self._deadline))

    def close(self) -> None:
        """Whoever opened it closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, channel: socket.socket, deadline: float) -> None:
        self._channel = channel
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._channel.settimeout(_left(self._deadline))
        return self._channel.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _tls(settings: RegistrySettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError):
        raise SettingsError(
            f"EARWITNESS_REGISTRY_CA_FILE: {settings.ca_file} is no readable file of certificates (PEM)"
        ) from None
