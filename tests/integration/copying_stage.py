"""A stage for the tests: copies records, can be slow, can fail, and finds some of them unreadable.

    python copying_stage.py '{"stage": …, "topics": […], "into": …, "key_file": …}'

A copy is `topic id, partition, offset, value`. It prints `ready`, and at the end how many records it has seen.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from earwitness.runtime.settings import Settings
from earwitness.stream import Dead, Output, QuarantineKey, Result, SourceSlice, run_stage


class Copying:
    def __init__(self, job: dict[str, Any]) -> None:
        self._into: str = job["into"]
        self._seconds: float = job.get("seconds_a_slice", 0.0)
        self._fail_after: int | None = job.get("fail_after")
        self.seen = 0

    def process(self, source: SourceSlice) -> Result:
        result, messages = Result(), []
        for record in source.records:
            assert record.value is not None
            if record.value.startswith(b"poison"):
                result.dead.append(Dead(record.offset, "malformed", "starts with poison", record.value, 7))
                result.outcomes.append(("dead", record.offset, record.offset))
            else:
                place = b"%s %d %d " % (source.topic_id.hex().encode(), source.partition, record.offset)
                messages.append({"key": record.key, "value": place + record.value})
                result.outcomes.append(("masked", record.offset, record.offset))
        if messages:
            result.outputs.append(Output(self._into, source.partition, messages))
        if not result.dead:
            result.outcomes = [("masked", source.first, source.last)]
        self.seen += len(source.records)
        if self._fail_after is not None and self.seen > self._fail_after:
            raise ValueError(f"cannot read {source.records[0].value!r}")
        time.sleep(self._seconds)
        return result


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
    job = json.loads(sys.argv[1])
    step = Copying(job)
    code = run_stage(
        job["stage"],
        job["topics"],
        step,
        kafka=Settings.load().need_kafka(),
        quarantine=QuarantineKey.from_file(Path(job["key_file"])),
        on_ready=lambda: _say("ready"),
    )
    _say(f"seen {step.seen}")
    return code


if __name__ == "__main__":
    sys.exit(main())
