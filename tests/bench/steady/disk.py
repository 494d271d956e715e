"""What an event takes on ClickHouse's disk, column by column."""

from __future__ import annotations

from typing import Any

from earwitness.clickhouse.server import Server

__all__ = ["bytes_an_event"]

_MERGE_SECONDS = 600.0


def bytes_an_event(admin: Server) -> dict[str, Any]:
    """Bytes a row of store.events, once its parts are merged: in all, by column (the largest first), and of the projections.

    Columns are what is compressed; ClickHouse tells a column's size in wide parts only, so what compact parts hold is told
    as one number. `whole` has marks, indexes and projections in it.
    """
    admin.rows(
        "OPTIMIZE TABLE store.events FINAL SETTINGS optimize_throw_if_noop = 0", max_execution_time=_MERGE_SECONDS
    )
    where = "database = 'store' AND table = 'events' AND active"
    [[rows, whole, raw, wide_rows]] = admin.rows(
        "SELECT sum(rows), sum(bytes_on_disk), sum(data_uncompressed_bytes), sumIf(rows, part_type = 'Wide') "
        f"FROM system.parts WHERE {where}"
    )
    columns = admin.rows(
        "SELECT column, sum(column_data_compressed_bytes) AS size FROM system.parts_columns "
        f"WHERE {where} AND part_type = 'Wide' GROUP BY column HAVING size > 0 ORDER BY size DESC"
    )
    projections = admin.rows(
        f"SELECT name, sum(bytes_on_disk) FROM system.projection_parts WHERE {where} GROUP BY name ORDER BY name"
    )
    return {
        "rows": rows,
        "whole": round(whole / rows, 1),
        "uncompressed": round(raw / rows, 1),
        "rows_in_wide_parts": wide_rows,
        "columns": {name: round(size / wide_rows, 2) for name, size in columns},
        "projections": {name: round(size / rows, 1) for name, size in projections},
    }
