"""The sink behind both peers: `consume`, decode, `insert(rows)` into one wide table, commit."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from typing import Any

import clickhouse_connect
from confluent_kafka import Consumer
from peer_masking import Schemas, specification

_BATCH = 10_000
_WAIT_SECONDS = 0.5


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    given = specification()
    schemas = Schemas(given["schemas"])
    blank: dict[str, Any] = given["blank"]
    columns = list(blank)
    clickhouse = clickhouse_connect.get_client(**given["clickhouse"], autogenerate_session_id=False)
    config = {"group.id": given["group"] + "-sink", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**given["kafka"], **config})
    consumer.subscribe([f"{given['masked']}{family}" for family in given["families"]])
    database, table = given["table"].split(".")
    while True:
        rows = []
        for message in consumer.consume(_BATCH, _WAIT_SECONDS):
            if message.error():
                raise SystemExit(str(message.error()))
            number, record = schemas.read(message.value())
            record["kind"] = schemas.kinds[number]
            record["source_partition"] = message.partition()
            record["source_offset"] = message.offset()
            record["received_at"] = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
            rows.append(list((blank | record).values()))
        if rows:
            clickhouse.insert(table, rows, column_names=columns, database=database)
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main()
