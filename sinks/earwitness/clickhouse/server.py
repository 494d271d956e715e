"""ClickHouse over HTTP: one connection, one request at a time, and never a request sent twice.

That is why this is not clickhouse-connect: its `raw_insert` sends an insert again when the connection breaks, and an
insert whose answer was lost may have been stored. Here a lost answer is `NoAnswerError`, and whoever sent it finds out.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from earwitness.clickhouse.errors import NoAnswerError, ServerError
from earwitness.runtime.settings import ClickHouseSettings

__all__ = ["Server"]

Setting = str | int | float

# ClickHouse closes a connection that was idle for some seconds; an insert must not be the one to find out.
_IDLE_SECONDS = 2.0
_LINES = msgspec.json.Decoder(list[Any])
_ROWS: dict[str, Setting] = {"default_format": "JSONCompactEachRow", "output_format_json_quote_64bit_integers": 0}


class Server:
    """A login at one ClickHouse. Not for two threads at once.

    Args:
        settings: where, and as whom.
        timeout: how long an answer may take, seconds.
    """

    def __init__(self, settings: ClickHouseSettings, timeout: float = 30.0) -> None:
        address = urlsplit(settings.url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.hostname or "", address.port, timeout=timeout)
        self._path = address.path.rstrip("/") + "/?"
        self._url = settings.url
        self._headers = {"X-ClickHouse-User": settings.user}
        if settings.password is not None:
            self._headers["X-ClickHouse-Key"] = settings.password.reveal()
        self._used = 0.0

    def rows(self, sql: str, parameters: Mapping[str, Setting] | None = None, **settings: Setting) -> list[list[Any]]:
        """A query's rows.

        Args:
            sql: the query, without FORMAT; `{name:Type}` stands for a parameter.
            parameters: their values by name.
            settings: ClickHouse's settings for this query.

        Raises:
            ServerError: ClickHouse refuses it.
            NoAnswerError: it does not answer.
        """
        given = {f"param_{name}": value for name, value in (parameters or {}).items()}
        answer = self._request(sql.encode(), {**_ROWS, **settings, **given})
        return _LINES.decode_lines(answer)

    def command(self, sql: str, **settings: Setting) -> None:
        """Run a statement that has no rows; raises as `rows`."""
        self._request(sql.encode(), settings)

    def insert(self, sql: str, body: bytes, **settings: Setting) -> None:
        """Run `INSERT … FORMAT …` with its data; raises as `rows`.

        After `NoAnswerError`, and after some `ServerError`s, the rows may be stored, all or in part, now or later.
        """
        self._request(body, {"query": sql, **settings}, quoting=True)

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        self._connection.close()

    def abort(self) -> None:
        """From another thread: end the wait for an answer; whoever waits gets `NoAnswerError`."""
        waiting = self._connection.sock
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)

    def _request(self, body: bytes, parameters: Mapping[str, Setting], *, quoting: bool = False) -> bytes:
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()
        # The answer comes when everything is done, so that its status is the truth.
        target = self._path + urlencode({"wait_end_of_query": 1, **parameters})
        try:
            self._connection.request("POST", target, body, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoAnswerError(
                f"ClickHouse at {self._url} does not answer: {error or type(error).__name__}"
            ) from error
        self._used = time.monotonic()
        code = response.getheader("X-ClickHouse-Exception-Code")
        if response.status != http.client.OK or code is not None:
            raise ServerError(int(code or 0), answer.decode("utf-8", "replace"), quoting=quoting)
        return answer
