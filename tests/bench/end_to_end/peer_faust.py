"""A plain Faust agent on Faust's own transport: one event a message, `await topic.send`."""

from __future__ import annotations

from typing import Any

import faust
from faust.types.auth import SASLMechanism
from peer_masking import PlainMasker, specification


def main() -> None:
    given = specification()
    kafka = given["kafka"]
    app = faust.App(
        given["group"],
        broker=f"kafka://{kafka['bootstrap.servers']}",
        broker_credentials=faust.SASLCredentials(
            username=kafka["sasl.username"],
            password=kafka["sasl.password"],
            mechanism=SASLMechanism(kafka["sasl.mechanism"]),
        ),
        consumer_auto_offset_reset="earliest",
        # By default it sends a request an event, which costs the broker more than the event costs the agent.
        producer_linger=0.1,
        producer_compression_type="lz4",
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=given["directory"],
        web_enabled=False,
        autodiscover=False,
    )
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    masked = {f"{given['raw']}{family}": app.topic(f"{given['masked']}{family}", **raw) for family in given["families"]}
    mask = PlainMasker(given)

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            await masked[event.message.topic].send(key=event.message.key, value=mask(event.value))

    app.agent(app.topic(*masked, **raw), name="mask")(agent)
    # At WARN it shows a spinner, for which each debug message of every library is made.
    faust.Worker(app, loglevel="INFO", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
