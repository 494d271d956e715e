"""A network between clients and the broker that a test can break: a TCP proxy that knows one thing about Kafka.

A client asks the address that it was given for the brokers' addresses, and goes there itself. So the proxy puts its own
port in place of the broker's wherever an answer names it; both are on one host, so the length stays.

    with Proxy(stack.settings("producer").kafka.bootstrap) as proxy:
        environment = stack.environment("producer") | {"EARWITNESS_KAFKA_BOOTSTRAP": proxy.address}
        proxy.cut()
        proxy.resume()

Linux and macOS. All methods may be called from any thread.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

__all__ = ["Proxy"]

_HOST = "127.0.0.1"
_CHUNK = 65_536
_LOOK_SECONDS = 0.05  # how often a thread that waits for the network looks whether the weather has changed
_AWAY = {"cut", "closed"}
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset and drops what is on its way


class Proxy:
    """Forwards to one broker until it is told otherwise.

    Args:
        target: the broker's `host:port`; the host is 127.0.0.1, as in all tests.

    Attributes:
        address: `host:port` for the clients; the same for the proxy's whole life, whatever happens.
        accepted: connections so far.
        up, down: bytes forwarded to the broker, and from it.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        assert host == _HOST, f"the proxy replaces a port, not a host: {target}"
        self._target = (host, int(port))
        self._commands = threading.RLock()
        self._weather = threading.Condition()
        self._mode = "open"
        self._delay, self._rate = 0.0, 0.0
        self._links: set[_Link] = set()
        self._listener = _bound(0)
        self._door: threading.Thread | None = None
        self._port: int = self._listener.getsockname()[1]
        self.address = f"{_HOST}:{self._port}"
        self._broker, self._self = (_HOST.encode() + struct.pack(">i", each) for each in (int(port), self._port))
        self.accepted, self.up, self.down = 0, 0, 0
        self._accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The weather

    def cut(self) -> None:
        """As if the broker's process were gone: connections end, new ones are refused. What is on its way is lost."""
        with self._commands:
            if self._mode == "cut":
                return
            self._set("cut")
            self._refuse()
            # Bound and not listening: a connection is refused, and nobody else gets the port meanwhile.
            self._listener = _bound(self._port)
            self.reset()

    def reset(self) -> None:
        """Reset (RST) all connections, once. New ones are served as before."""
        with self._weather:
            links, self._links = self._links, set()
        for link in links:
            link.reset()

    def hang(self) -> None:
        """As if the cable were pulled: nothing passes, nobody is told. New connections open and stay silent too."""
        with self._commands:
            self._set("hang")
            self._accept()

    def slow(self, delay: float = 0.0, bytes_per_second: float = 0.0) -> None:
        """Everything passes later, or no faster than that, in each direction of each connection.

        Args:
            delay: seconds by which each read of up to 64 KiB is held back.
            bytes_per_second: 0: as fast as it goes.
        """
        with self._commands:
            self._set("open", delay, bytes_per_second)
            self._accept()

    def resume(self) -> None:
        """Fine weather: as at the start. What hung passes now."""
        self.slow()

    def close(self) -> None:
        """End for good."""
        with self._commands:
            if self._mode != "closed":
                self._set("closed")
                self._refuse()
                self.reset()

    @property
    def connections(self) -> int:
        """How many are open now."""
        with self._weather:
            return len(self._links)

    def _set(self, mode: str, delay: float = 0.0, bytes_per_second: float = 0.0) -> None:
        with self._weather:
            assert self._mode != "closed", "the proxy is closed"
            self._mode, self._delay, self._rate = mode, delay, bytes_per_second
            self._weather.notify_all()

    # Its thread

    def _accept(self) -> None:
        if self._door is None:
            self._listener.listen(512)
            self._listener.settimeout(_LOOK_SECONDS)
            self._door = threading.Thread(target=self._serve, name="proxy", daemon=True)
            self._door.start()

    def _refuse(self) -> None:
        if self._door is not None:
            # A socket that a thread waits for is not gone when it is closed.
            self._door.join()
            self._door = None
        self._listener.close()

    def _serve(self) -> None:
        while self._mode not in _AWAY:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.accepted += 1
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()  # the broker itself is away
                continue
            link = _Link(self, client, server)
            with self._weather:
                welcome = self._mode not in _AWAY
                if welcome:
                    self._links.add(link)
            if welcome:
                link.start()
            else:
                link.reset()

    # For its links

    def forget(self, link: _Link) -> None:
        with self._weather:
            self._links.discard(link)

    def hold(self, count: int) -> None:
        """Wait as the weather wants before so many bytes pass."""
        with self._weather:
            while self._mode == "hang":
                self._weather.wait(_LOOK_SECONDS)
            pause = self._delay + (count / self._rate if self._rate else 0.0)
        if pause:
            time.sleep(pause)

    def renamed(self, answers: bytes) -> bytes:
        """Whole answers of the broker, with the proxy's port for its own."""
        return answers.replace(self._broker, self._self)


class _Link:
    """One client's connection and the broker's, with a thread for each direction."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client, self._server = client, server
        self._flowing = 2
        self._is_reset = False
        self._counts = threading.Lock()
        for end in (client, server):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self) -> None:
        for flow in (self._up, self._down):
            threading.Thread(target=self._run, args=(flow,), name="proxy-link", daemon=True).start()

    def reset(self) -> None:
        self._is_reset = True
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it, and sends nothing
            end.close()

    def _run(self, flow: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):  # it was reset, here or there
            flow()
        with self._counts:
            self._flowing -= 1
            over = not self._flowing
        if over:
            self._client.close()
            self._server.close()
            self._proxy.forget(self)

    def _up(self) -> None:
        while data := self._client.recv(_CHUNK):
            self._proxy.hold(len(data))
            self._server.sendall(data)
            self._proxy.up += len(data)
        if not self._is_reset:
            self._server.shutdown(socket.SHUT_WR)

    def _down(self) -> None:
        kept = b""
        while data := self._server.recv(_CHUNK):
            self._proxy.hold(len(data))
            kept += data
            end = _whole_frames(kept)
            if end:
                self._client.sendall(self._proxy.renamed(kept[:end]))
                kept = kept[end:]
            self._proxy.down += len(data)
        if not self._is_reset:
            self._client.sendall(kept)
            self._client.shutdown(socket.SHUT_WR)


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((_HOST, port))
    return made


def _whole_frames(data: bytes) -> int:
    """How many bytes of it are whole answers; each begins with its length."""
    end = 0
    while len(data) - end >= 4:
        following = end + 4 + int.from_bytes(data[end : end + 4], "big")
        if following > len(data):
            break
        end = following
    return end
