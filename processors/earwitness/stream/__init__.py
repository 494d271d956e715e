"""What every stage is built on: Faust with slices for events, and a loop that loses nothing.

A stage is a `Step`; `run_stage` runs it in the foreground.
"""

from earwitness.runtime.topic_ids import TopicChangedError
from earwitness.runtime.topic_names import DEAD_LETTERS, LEDGER, QUARANTINE
from earwitness.stream.app import SliceApp, add_loop, build_app
from earwitness.stream.loop import SliceLoop, StageError
from earwitness.stream.options import SliceOptions
from earwitness.stream.outputs import OutputError, Outputs
from earwitness.stream.records import Records
from earwitness.stream.sealing import QuarantineKey, SealError, open_sealed, seal
from earwitness.stream.step import Dead, NeedsAnswerError, Output, Result, SourceRecord, SourceSlice, Step
from earwitness.stream.topics import Topics
from earwitness.stream.worker import run, run_stage

__all__ = [
    "DEAD_LETTERS",
    "LEDGER",
    "QUARANTINE",
    "Dead",
    "NeedsAnswerError",
    "Output",
    "OutputError",
    "Outputs",
    "QuarantineKey",
    "Records",
    "Result",
    "SealError",
    "SliceApp",
    "SliceLoop",
    "SliceOptions",
    "SourceRecord",
    "SourceSlice",
    "StageError",
    "Step",
    "TopicChangedError",
    "Topics",
    "add_loop",
    "build_app",
    "open_sealed",
    "run",
    "run_stage",
    "seal",
]
