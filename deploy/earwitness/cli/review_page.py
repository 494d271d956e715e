"""What `earwitness review` prints: masked text, what was replaced in it and why, and the forms of what looks unmasked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import click

from earwitness.cli.output import print_table
from earwitness.cli.review_sample import Looked, Review, Reviewed
from earwitness.stream.newest import Newest

__all__ = ["lines", "print_page"]

_LONGEST = 400
_STOPPED = {
    "size": "it stopped at --megabytes; there may be newer records of rare kinds",
    "seconds": "it stopped at --seconds; the broker is slow, or there is much to read",
}


def lines(review: Review, newest: Newest, site: str) -> Iterator[dict[str, Any]]:
    """The review as JSON values: one a record, then what was read and the totals."""
    for record in review.records:
        yield {
            "kind": record.kind,
            "position": record.position,
            "received_at": record.received_at,
            "fields": [_field(looked) for looked in record.fields],
        }
    yield {
        "site": site,
        "read": {
            topic: {"records": each.read, "there": each.there, "bytes": each.size}
            for topic, each in newest.extents.items()
        },
        "stopped": newest.stopped or None,
        "reviewed": len(review.records),
        "unreadable": review.unreadable,
        "replaced_by_kind": review.by_kind,
        "replaced_by_rule": review.by_rule,
        "looks_unmasked": review.leftovers,
        "disagreements": review.disagreements,
    }


def _field(looked: Looked) -> dict[str, Any]:
    report = looked.report
    return {
        "field": report.field,
        "pii": report.pii,
        # What is not masked is not shown either.
        "masked": None if report.pii == "none" else report.text,
        "replaced": [
            {"kind": each.kind, "rule": each.rule, "start": each.start, "end": each.end} for each in report.findings
        ],
        "looks_unmasked": [each._asdict() for each in looked.leftovers],
    }


def print_page(review: Review, newest: Newest, site: str) -> None:
    """The review for a person."""
    for record in review.records:
        _print_record(record)
    for title, counts in (("Replaced, by kind", review.by_kind), ("Replaced, by rule", review.by_rule)):
        if counts:
            print_table(("what", "times"), counts.most_common(), title=title)
    read = [(topic, each.read, each.there, each.size) for topic, each in newest.extents.items()]
    print_table(("topic", "records read", "of", "bytes"), read, title="Read, the newest of each partition")
    if newest.stopped:
        click.echo(_STOPPED[newest.stopped])
    for reason, number in review.unreadable.items():
        click.echo(f"{number} cannot be read and become dead letters ({reason})")
    if not any(each.there for each in newest.extents.values()):
        click.echo("The topics are empty: nothing was ever published, or its retention is over.")
    click.echo(
        f"{len(review.records)} records reviewed with {site}; {review.leftovers} places look unmasked: a form as Xxxx 9999 "
        "says what stands there; look them up where you may, and tell the site dictionary or whoever builds the app."
        if review.leftovers
        else f"{len(review.records)} records reviewed with {site}; nothing looks unmasked."
    )
    if review.disagreements:
        click.echo(f"{review.disagreements} texts are masked in another way than this report says; please report that.")


def _print_record(record: Reviewed) -> None:
    click.secho(f"{record.kind}  {record.position}  {record.received_at:%Y-%m-%d %H:%M:%S} UTC", bold=True)
    for looked in record.fields:
        report = looked.report
        text = "(not masked, so not shown)" if report.pii == "none" else _visible(report.text[:_LONGEST])
        more = len(report.text) - _LONGEST
        click.echo(
            f"  {report.field}: {text}" + (f"… ({more} more characters)" if more > 0 and report.pii != "none" else "")
        )
        if report.findings and report.pii == "text":
            click.echo(
                "    " + ", ".join(f"{each.kind} {each.rule} {each.start}-{each.end}" for each in report.findings)
            )
        if looked.leftovers:
            click.secho(
                "    looks unmasked: "
                + ", ".join(f"{each.shape} {each.start}-{each.end}" for each in looked.leftovers),
                fg="yellow",
            )


def _visible(text: str) -> str:
    """The text with its control and formatting characters escaped: it must not steer a terminal."""
    return "".join(
        each if each == " " or unicodedata.category(each)[0] not in "CZ" else each.encode("unicode_escape").decode()
        for each in text
    )
