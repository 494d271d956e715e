"""An event of 5 MB: refused by the client, by librdkafka or by the broker, and in each case told by the client itself."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline import emit, new_service

from earwitness.client import AuditClient
from earwitness.client.capture import Limits
from earwitness.runtime.settings import Settings
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

FIVE_MEGABYTES = "x" * 5_000_000
NO_LIMIT = Limits(event_bytes=20_000_000, bytes=100_000_000)


@pytest.mark.parametrize(
    ("limits", "settings", "refused", "dropped"),
    [
        pytest.param(Limits(), {}, {"too_large": 1}, {}, id="by the client"),
        pytest.param(NO_LIMIT, {}, {}, {"msg_size_too_large": 1}, id="by librdkafka"),
        pytest.param(
            NO_LIMIT,
            # Uncompressed, as if its content were random: the broker looks at the batch as it comes.
            {"EARWITNESS_KAFKA_MESSAGE_MAX_BYTES": "10000000", "EARWITNESS_KAFKA_COMPRESSION_TYPE": "none"},
            {},
            {"msg_size_too_large": 1},
            id="by the broker",
        ),
    ],
)
def test_the_client_reports_it_and_the_others_arrive(
    pipeline: Any, limits: Limits, settings: dict[str, str], refused: dict[str, int], dropped: dict[str, int]
) -> None:
    service = new_service()
    client = AuditClient(
        Settings.load(pipeline.environment("producer") | settings), service=service, limits=limits, report_seconds=1.0
    )
    emit(client, 100)
    taken = client.call_action_attempted(
        action="add_note", outcome="success", client_id="A1", job_number="1", value=FIVE_MEGABYTES
    )
    assert taken is not bool(refused)
    emit(client, 100, 100)
    assert client.flush(60) == 0
    pipeline.wait_stored(service, 200)
    stats = client.stats()
    assert (stats.refused, stats.dropped, stats.acknowledged) == (refused, dropped, 200)
    assert client.close() == 0, "it was lost before the close"

    def told() -> list[list[Any]]:
        sql = (
            "SELECT sum(refused['too_large']), sum(dropped['msg_size_too_large']), max(length(lost)) FROM store.events "
            "WHERE service = {service:String} AND kind = 'trail.client_report'"
        )
        return pipeline.rows(sql, service=service)  # type: ignore[no-any-return]

    expected = [len(refused), len(dropped), len(dropped)]
    wait_for(lambda: told() == [expected], 30, lambda: f"the report tells {expected}: {told()}")
    found = pipeline.assert_balanced()
    lost = {each["producer_id"]: each["lost"] for each in found["balance"]["producers"]}
    assert sum(count for producer, count in lost.items() if producer.startswith(service)) == len(dropped)
    assert pipeline.letters() == []
