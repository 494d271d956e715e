"""The network that tests break does what they think it does."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaException, Producer
from proxy import Proxy

from earwitness.client import AuditClient
from earwitness.runtime.settings import Settings
from waiting import wait_for


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that answers each frame with itself."""

    def serve(end: socket.socket) -> None:
        with end, contextlib.suppress(ConnectionError):
            while data := end.recv(65_536):
                end.sendall(data)

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                end, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(end,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def connect(proxy: Proxy) -> socket.socket:
    host, _, port = proxy.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def test_whole_frames_pass_with_the_broker_s_port_replaced(echo: str):
    port = int(echo.rpartition(":")[2])
    with Proxy(echo) as proxy, connect(proxy) as end:
        named = b"\x00\x09127.0.0.1" + port.to_bytes(4, "big") + b"1"  # ends like the beginning of a name
        sent = frame(named) + frame(b"x" * 200_000)
        end.sendall(sent)
        got = b""
        while len(got) < len(sent):
            got += end.recv(65_536)
        own = int(proxy.address.rpartition(":")[2]).to_bytes(4, "big")
        assert got == sent.replace(port.to_bytes(4, "big"), own, 1)


def test_cut_refuses_at_the_same_address_and_resume_serves_again(echo: str):
    with Proxy(echo) as proxy:
        for _ in range(3):
            with connect(proxy) as end:
                end.sendall(frame(b"1"))
                assert end.recv(100) == frame(b"1")
                proxy.cut()
                with pytest.raises(ConnectionResetError):
                    end.recv(1)
            with pytest.raises(ConnectionRefusedError):
                connect(proxy)
            assert proxy.connections == 0
            proxy.resume()


def test_reset_ends_what_is_open_and_serves_what_comes(echo: str):
    with Proxy(echo) as proxy, connect(proxy) as first:
        wait_for(lambda: proxy.connections == 1, 5)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            first.recv(1)
        with connect(proxy) as second:
            second.sendall(frame(b"2"))
            assert second.recv(100) == frame(b"2")
        assert proxy.accepted == 2


def test_hang_passes_nothing_until_it_is_resumed(echo: str):
    with Proxy(echo) as proxy, connect(proxy) as end:
        proxy.hang()
        end.sendall(frame(b"3"))
        end.settimeout(0.3)
        with pytest.raises(TimeoutError):
            end.recv(1)
        with connect(proxy) as other:  # opens, and stays silent
            other.settimeout(0.3)
            other.sendall(frame(b"4"))
            with pytest.raises(TimeoutError):
                other.recv(1)
        proxy.resume()
        end.settimeout(5)
        assert end.recv(100) == frame(b"3")


def test_slow_holds_back_in_both_directions(echo: str):
    with Proxy(echo) as proxy, connect(proxy) as end:
        proxy.slow(delay=0.2)
        began = time.monotonic()
        end.sendall(frame(b"5"))
        assert end.recv(100) == frame(b"5")
        assert 0.4 <= time.monotonic() - began < 3
        proxy.slow(bytes_per_second=10_000)
        began = time.monotonic()
        end.sendall(frame(b"x" * 2_000))
        got = b""
        while len(got) < 2_004:
            got += end.recv(65_536)
        assert 0.4 <= time.monotonic() - began < 3


@pytest.mark.stack
def test_a_client_never_gets_past_it_to_the_broker_itself(stack):
    kafka = stack.settings("producer").kafka
    with Proxy(kafka.bootstrap) as proxy:
        behind = Settings.load(stack.environment("producer") | {"EARWITNESS_KAFKA_BOOTSTRAP": proxy.address})
        named = Producer(behind.kafka.librdkafka()).list_topics(timeout=10).brokers
        assert {f"{each.host}:{each.port}" for each in named.values()} == {proxy.address}
        audit = AuditClient(behind, service=f"test-{secrets.token_hex(4)}")
        audit.call_started(direction="inbound", language="en")
        assert audit.flush(20) == 0
        proxy.cut()
        audit.call_started(direction="inbound", language="en")
        assert audit.flush(0.5) == 1
        with pytest.raises(KafkaException):
            Producer(behind.kafka.librdkafka() | {"log_level": 0}).list_topics(timeout=0.5)
        proxy.resume()
        assert audit.flush(30) == 0
        assert audit.stats().acknowledged == 2
        audit.close()
