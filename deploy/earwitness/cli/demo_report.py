"""What the demo shows at its end: the way of the events in numbers, one call, three questions and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from earwitness.cli.ledger import print_balance
from earwitness.cli.output import print_table
from earwitness.cli.query import run_query
from earwitness.runtime.settings import Settings

if TYPE_CHECKING:
    from earwitness.clickhouse.ledger import Balance
    from earwitness.simulator.driver import Driven

__all__ = ["QUESTIONS", "print_report"]

_TIMELINE = """
SELECT formatDateTime(occurred_at, '%H:%i:%S.%f') AS at, kind, what FROM
(
    SELECT occurred_at, sequence, kind, concat(direction, ', from ', from_number, ', ', language) AS what
    FROM audit.call_started WHERE call_sid = '{call_sid}'
    UNION ALL SELECT occurred_at, sequence, kind,
        concat(from_stage, ' to ', to_stage, ', ', trigger, ifNull(concat(', ', input_mode, ' ', user_input), ''))
    FROM audit.call_stage_transition WHERE call_sid = '{call_sid}'
    UNION ALL SELECT occurred_at, sequence, kind, concat(client_id, ', ', job_number, if(found, ', found', ', not found'))
    FROM audit.data_job_lookup WHERE call_sid = '{call_sid}'
    UNION ALL SELECT occurred_at, sequence, kind, concat(permission, if(allowed, ', allowed', ', refused'))
    FROM audit.security_authorization WHERE call_sid = '{call_sid}'
    UNION ALL SELECT occurred_at, sequence, kind, concat(action, ', ', outcome, ifNull(concat(', to ', value), ''))
    FROM audit.call_action_attempted WHERE call_sid = '{call_sid}'
    UNION ALL SELECT occurred_at, sequence, kind,
        arrayStringConcat(arrayMap(c -> concat(c.field, ' from ', ifNull(c.old_value, 'empty')), changes), ', ')
    FROM audit.data_record_update WHERE call_sid = '{call_sid}'
    UNION ALL SELECT occurred_at, sequence, kind, concat(disconnect_reason, ' after ', toString(duration_seconds), ' s')
    FROM audit.call_ended WHERE call_sid = '{call_sid}'
)
ORDER BY occurred_at, sequence
"""

QUESTIONS = {
    "Which webhooks were refused, from where?": """
SELECT reason, source_ip, count() AS requests
FROM audit.security_authentication WHERE NOT valid GROUP BY reason, source_ip ORDER BY requests DESC
""",
    "How do callers' changes end?": """
SELECT action, outcome, count() AS tries, uniqExact(caller) AS callers
FROM audit.call_action_attempted GROUP BY action, outcome ORDER BY action, tries DESC
""",
    "Which dependency was away, and for how long?": """
SELECT dependency, circuit_state, failed, total, retries, formatDateTime(occurred_at, '%H:%i:%S.%f') AS at
FROM audit.system_error_rate ORDER BY occurred_at LIMIT 5
""",
    "Which dependency is slow?": """
SELECT dependency, operation, count() AS requests, round(quantile(0.5)(latency_ms), 2) AS p50_ms,
       round(quantile(0.99)(latency_ms), 2) AS p99_ms
FROM audit.system_api_latency GROUP BY dependency, operation ORDER BY p99_ms DESC LIMIT 5
""",
}


def print_report(analyst: Settings, balance: Balance, driven: Driven) -> None:
    """Print all of it, read as the analyst reads it."""
    clickhouse = analyst.need_clickhouse()

    def show(title: str, sql: str) -> None:
        columns, rows = run_query(clickhouse, sql)
        print_table(columns, rows, title=title)

    click.echo()
    answers = ", ".join(f"{count} with {status}" for status, count in driven.answers.items())
    refused = f"{driven.forged} of them forged, {driven.damaged} damaged on their way"
    click.echo(f"{driven.calls} calls, {driven.requests} webhooks ({refused}); answers: {answers}")
    click.echo()
    show("Events by kind", "SELECT kind, count() AS events FROM audit.events GROUP BY kind ORDER BY events DESC, kind")
    _, ((seen,),) = run_query(
        clickhouse, "SELECT uniqExact(kind) FROM audit.events WHERE NOT startsWith(kind, 'trail.')"
    )
    click.echo(f"The trail holds {seen} of the app's 17 kinds, each told by the app itself")
    click.echo()
    print_balance(balance)
    if driven.example_call_sid is not None:
        sid = driven.example_call_sid
        show(f"One call, {sid}: who called is a token, and so is who was spoken of", _TIMELINE.format(call_sid=sid))
    for question, sql in QUESTIONS.items():
        click.echo(click.style(question, bold=True))
        show(" ".join(sql.split()), sql)
    click.echo()
    click.echo("Look further:  earwitness query 'SHOW TABLES FROM audit'   earwitness ledger   docs/query.md")
