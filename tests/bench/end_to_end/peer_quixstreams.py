"""quixstreams doing the same: one streaming dataframe a topic. Runs in a virtual environment of its own."""

from __future__ import annotations

from peer_masking import PlainMasker, specification
from quixstreams import Application
from quixstreams.kafka import ConnectionConfig


def main() -> None:
    given = specification()
    kafka = given["kafka"]
    app = Application(
        broker_address=ConnectionConfig(
            bootstrap_servers=kafka["bootstrap.servers"],
            security_protocol=kafka["security.protocol"],
            sasl_mechanism=kafka["sasl.mechanism"],
            sasl_username=kafka["sasl.username"],
            sasl_password=kafka["sasl.password"],
        ),
        consumer_group=given["group"],
        auto_offset_reset="earliest",
        auto_create_topics=False,
        state_dir=given["directory"],
        loglevel="WARNING",
    )
    raw = {
        "key_serializer": "bytes",
        "value_serializer": "bytes",
        "key_deserializer": "bytes",
        "value_deserializer": "bytes",
    }
    mask = PlainMasker(given)
    for family in given["families"]:
        read = app.dataframe(app.topic(f"{given['raw']}{family}", **raw))
        read.apply(mask).to_topic(app.topic(f"{given['masked']}{family}", **raw))
    app.run()


if __name__ == "__main__":
    main()
