"""The stages at work: does somebody read in each group, is anything read past its end or lost before it was read."""

from __future__ import annotations

from collections.abc import Iterable

from earwitness.doctor.findings import Finding, ok, problem
from earwitness.runtime.stages import StageLag

__all__ = ["check_stages"]

_SHOWN = 3


def check_stages(stages: Iterable[StageLag]) -> list[Finding]:
    """What consumer groups and committed offsets tell."""
    findings: list[Finding] = []
    for stage in stages:
        found = [*_offsets(stage)]
        if not stage.members:
            what = f"no worker reads in the group {stage.group}, {stage.waiting} records wait"
            found.append(problem("stages", stage.name, what, f"start one: earwitness worker {stage.name}"))
        workers = f"{stage.members} worker{'s' if stage.members > 1 else ''}"
        findings += found or [ok("stages", stage.name, f"{workers}, {stage.waiting} records wait")]
    return findings


def _offsets(stage: StageLag) -> list[Finding]:
    beyond, behind = [], []
    for (topic, number), each in stage.partitions.items():
        where = f"{topic}/{number}"
        if each.committed is None:
            continue
        if each.committed > each.end:
            what = f"{stage.group} has read up to {each.committed}, but it ends at {each.end}: it was made again or cut off"
            do = f"stop the {stage.name} workers, set the group's offset to the earliest, start them again"
            beyond.append(problem("stages", where, what, do))
        elif each.committed < each.first:
            what = f"{each.first - each.committed} records were removed before {stage.group} had read them"
            do = (
                "run `earwitness ledger` for what is missing; give the topic a longer retention, the stage more workers"
            )
            behind.append(problem("stages", where, what, do))
    return beyond[:_SHOWN] + behind[:_SHOWN]
