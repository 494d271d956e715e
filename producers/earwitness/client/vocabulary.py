"""The closed vocabularies that blocks take, as their kinds' schemas have them. Imported by type checkers only."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "ApiOutcome",
    "InputMode",
    "RecordingStepName",
    "RedisOperation",
    "Severity",
    "StageName",
    "StateOutcome",
    "Trigger",
]

StageName = Literal[
    "collect_client_id",
    "collect_job_number",
    "confirm_job",
    "ask_action",
    "collect_action_value",
    "confirm_action",
    "execute_action",
    "goodbye",
    "error_recovery",
    "other",
]
Trigger = Literal[
    "user_input_valid",
    "user_input_invalid",
    "user_confirmation_yes",
    "user_confirmation_no",
    "action_success",
    "action_failed",
    "timeout",
    "error",
    "other",
]
InputMode = Literal["speech", "dtmf", "none", "other"]
ApiOutcome = Literal["ok", "error", "timeout", "rate_limited", "other"]
RedisOperation = Literal["get", "set", "delete", "extend", "other"]
StateOutcome = Literal["ok", "miss", "corrupt", "error", "other"]
RecordingStepName = Literal["fetch", "store", "sign", "append", "other"]
Severity = Literal["INFO", "WARN", "ERROR"]
