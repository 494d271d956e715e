"""Whatever callers answer and whatever breaks, in any order: what the trail holds of the call makes sense."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from voice_app.errors import DependencyError

ANSWERS = (
    "ACME12", "VIEW55", "nobody", "48213", "48214", "60001", "99999", "yes", "no", "1", "2", "3", "4", "9",
    "María García", "20261201", "ring twice", "a | b", "x' OR 1", "", "n" * 501,
)  # fmt: skip
GOOD = ("ACME12", "48213", "yes", "1", "4", "yes")
FAULTS = {
    ("airtable", "client"): [DependencyError(429, "T"), DependencyError(None, "TIMEOUT")],
    ("airtable", "job"): [DependencyError(500, "E")],
    ("airtable", "change"): [DependencyError(503, "E"), DependencyError(422, "INVALID"), "lose"],
    ("redis", "get"): ["lose", "corrupt", DependencyError(None, "AWAY")],
    ("redis", "set"): [DependencyError(None, "AWAY")],
    ("media", "fetch"): [DependencyError(404, "E")],
    ("s3", "store"): [DependencyError(503, "E"), DependencyError(403, "E")],
}
happenings = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from(ANSWERS)),
    st.tuples(st.just("answer"), st.sampled_from(ANSWERS)),
    st.tuples(st.just("good answer"), st.none()),
    st.tuples(st.just("good answer"), st.none()),
    st.tuples(st.just("repeat"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from((5, 50, 130, 700))),
    st.tuples(
        st.just("fault"),
        st.sampled_from([(where, fault, n) for where, faults in FAULTS.items() for fault in faults for n in (1, 4)]),
    ),
    st.tuples(st.just("status"), st.sampled_from(("ringing", "in-progress"))),
)
endings = st.permutations(["completed", "completed", "recorded", "recorded", "in-progress", "answer"])


def happen(line, what, which):
    asks = "<Gather" in line.twiml
    if what == "fault":
        (neighbour, operation), fault, times = which
        getattr(line, neighbour).faults.plan(operation, *[fault] * times)
    elif what == "wait":
        line.now += timedelta(seconds=which)
    elif what == "status":
        line.webhook("/status", CallStatus=which)
    elif what == "repeat" and asks:
        line.webhook(line.question, Digits="1")
        assert line.webhook(line.question, Digits="1").status_code == 200
    elif asks:
        line.say(which if which is not None else next_good(line))


def next_good(line):
    stages = ("collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value")
    asked = [stage for stage in stages if f"stage={stage}" in line.twiml]
    return GOOD[stages.index(asked[0])] if asked else "yes"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(happenings, max_size=25), endings)
def test_the_trail_of_any_call_makes_sense(new_line, what_happens, how_it_ends):
    line = new_line()
    line.ring()
    for what, which in what_happens:
        happen(line, what, which)
    lost = any(which[0] == ("redis", op) for what, which in what_happens if what == "fault" for op in ("get", "set"))
    for ending in how_it_ends:
        if ending == "recorded":
            line.recorded()
        elif ending == "answer":
            happen(line, "answer", "1")
        else:
            line.webhook("/status", CallStatus=ending, CallDuration="60")

    assert {event.call_sid for event in line.audit.events} == {line.call_sid}
    assert len(line.told("call.started")) == 1
    steps = line.told("call.stage_transition")
    assert all(1 <= step.attempt <= 3 for step in steps)
    assert all(1 <= failed.attempt <= 3 for failed in line.told("call.validation_failed"))
    # Every change that was tried ended in one of the ways there are, and what succeeded was written down.
    attempts = line.told("call.action_attempted")
    assert len(attempts) == sum(step.to_stage == "execute_action" for step in steps)
    assert sum(a.outcome == "success" for a in attempts) == len(line.told("data.record_update"))
    written = line.told("data.history_append")
    assert [event.total_length for event in written] == sorted({event.total_length for event in written})
    for request in line.told("data.airtable_query"):
        assert 0 <= request.retries <= 3
    airtable = [event for event in line.told("system.api_latency") if event.dependency == "airtable"]
    assert len(airtable) == sum(1 + request.retries for request in line.told("data.airtable_query"))
    if not lost:  # then nothing is told twice, and the way has no gap
        assert len(line.told("call.ended")) == 1
        assert all(one.to_stage == other.from_stage for one, other in pairwise(steps))
        assert len(line.told("call.validation_failed")) <= 5
        kept = [(event.step, event.outcome) for event in line.told("system.recording_pipeline")]
        assert kept.count(("append", "ok")) <= 1
