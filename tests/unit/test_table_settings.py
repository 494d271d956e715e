"""What stands behind a table's columns, compared."""

from __future__ import annotations

from earwitness.clickhouse.table_settings import Difference, differences

DECLARED = """ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, kind)
TTL toDateTime(received_at) + toIntervalDay(90) RECOMPRESS CODEC(ZSTD(6)),
    toDateTime(received_at) + toIntervalMonth(13)
SETTINGS min_bytes_for_wide_part = 1024"""
PRESENT = (
    "MergeTree PARTITION BY toYYYYMM(received_at) ORDER BY (tenant, kind) TTL toDateTime(received_at) + toIntervalDay(90) "
    "RECOMPRESS CODEC(ZSTD(6)), toDateTime(received_at) + toIntervalMonth(13) "
    "SETTINGS min_bytes_for_wide_part = 1024, index_granularity = 8192"
)


def test_the_same_is_the_same_however_it_is_written():
    assert list(differences(DECLARED, PRESENT)) == []
    assert (
        list(differences("ENGINE = MergeTree\nORDER BY (a)", "MergeTree ORDER BY a SETTINGS index_granularity = 1"))
        == []
    )
    assert list(differences("ENGINE = Null", "Null")) == []


def test_a_setting_is_changed_in_place():
    assert list(differences(DECLARED, PRESENT.replace("1024", "7"))) == [
        Difference("min_bytes_for_wide_part from 7 to 1024", "MODIFY SETTING min_bytes_for_wide_part = 1024")
    ]
    assert list(differences(DECLARED, PRESENT.replace("min_bytes_for_wide_part = 1024, ", ""))) == [
        Difference("min_bytes_for_wide_part from the default to 1024", "MODIFY SETTING min_bytes_for_wide_part = 1024")
    ]


def test_what_moves_rows_is_left_to_a_person():
    for before, after in (("Month(13)", "Month(3)"), ("(tenant, kind)", "(kind)"), ("toYYYYMM", "toYYYYMMDD")):
        (found,) = differences(DECLARED, PRESENT.replace(before, after))
        assert found.clause is None
        assert "not changed" in found.line
