"""The broker: does it answer, may each user log in and do its work, are the topics as declared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclBinding, AclOperation, AdminClient

from earwitness.doctor.findings import Finding, fold, note, ok, problem, unknown, what_and_do
from earwitness.doctor.places import Place
from earwitness.runtime import topics
from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, Login, admin_client, explain, log_in, of_group

__all__ = ["check_login", "check_rights", "check_topics"]

_LOGIN_SECONDS = 4.0
_APPLY = "run: earwitness topics apply"


def check_login(place: Place) -> Finding:
    """Whether the user of a place gets in."""
    kafka = place.settings.need_kafka()
    who = f"as {kafka.username}" if kafka.username else "without a login"
    where = f"{kafka.bootstrap}, {who}"
    try:
        login = log_in(kafka, seconds=_LOGIN_SECONDS)
    except EarwitnessError as error:
        return problem("broker", where, str(error), f"correct the settings of {place.name}")
    if login is Login.ACCEPTED:
        return ok("broker", where, "answers, and accepts the login")
    if login is Login.REFUSED:
        return problem(
            "broker",
            where,
            "refuses the login: wrong password, or no such user",
            f"put the user's password into the file of EARWITNESS_KAFKA_SASL_PASSWORD_FILE ({place.name})",
        )
    return problem(
        "broker", where, "does not answer", "start it, or correct EARWITNESS_KAFKA_BOOTSTRAP and the security protocol"
    )


def check_rights(place: Place) -> list[Finding]:
    """Whether a stage's user may do to topics and groups what its stage does; the broker itself says what it may."""
    user, kafka = place.stage_user, place.settings.need_kafka()
    specs = [spec for spec in topics.declared() if user in {*spec.writers, *spec.readers}]
    groups = [group for group, reader in topics.groups().items() if reader == user]
    admin = admin_client(kafka)
    lacking: list[Finding] = []
    try:
        answers: dict[str, Any] = admin.describe_topics(
            TopicCollection([spec.name for spec in specs]), include_authorized_operations=True
        )
        for spec in specs:
            may = _may(lambda: answers[spec.name].result(ANSWER_SECONDS + 1))  # noqa: B023 - called at once
            works = [(AclOperation.WRITE, spec.writers), (AclOperation.READ, spec.readers)]
            needed = [operation for operation, users in works if user in users]
            lacking += [
                _lacks(user, each, "topic", spec.name) for each in needed if may is not None and each not in may
            ]
        for group in groups:
            may = _may(lambda: of_group(lambda: _describe(admin, group)))  # noqa: B023 - called at once
            if may is not None and AclOperation.READ not in may:
                lacking.append(_lacks(user, AclOperation.READ, "group", group))
    except (KafkaException, TimeoutError) as error:
        return [unknown("rights", f"user {user}", str(explain(error, "asking what it may")), "start the broker")]
    count = f"{len(specs)} topics" + (f" and the group {', '.join(groups)}" if groups else "")
    if lacking:
        return fold(lacking, "things that it may not do", f"{_APPLY}, and look for ACLs that deny")
    return [ok("rights", f"user {user}", f"may do its work on {count}")]


def check_topics(admin: AdminClient) -> list[Finding]:
    """Whether topics, their configuration and the ACLs are as declared."""
    try:
        changes = topics.plan(admin)
    except UnavailableError as error:
        return [unknown("topics", "the topics", str(error), "start the broker")]
    except EarwitnessError as error:
        return [unknown("topics", "the topics", str(error), "give the settings of one with --config")]
    findings: list[Finding] = []
    for change in changes:
        if change.action is not None:
            findings.append(problem("topics", "as declared they would need", change.line, _APPLY))
        elif isinstance(change.beyond, AclBinding):
            findings.append(note("topics", "ACLs", *what_and_do(change.line)))
        else:
            findings.append(problem("topics", "not as declared", *what_and_do(change.line)))
    if not any(finding.outcome == "problem" for finding in findings):
        findings.append(ok("topics", f"{len(topics.declared())} topics", "are there, configured as declared, ACLs too"))
    return fold(findings, "differences", "see: earwitness topics plan")


def _describe(admin: AdminClient, group: str) -> Future[Any]:
    found: dict[str, Future[Any]] = admin.describe_consumer_groups([group], include_authorized_operations=True)
    return found[group]


def _may(ask: Callable[[], Any]) -> set[AclOperation] | None:
    """What the broker allows; None where there is no such topic, which `check_topics` tells."""
    try:
        return {AclOperation(operation) for operation in ask().authorized_operations or ()}
    except KafkaException as error:
        code = error.args[0].code()
        if code in {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}:
            return set()
        if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise


def _lacks(user: str | None, operation: AclOperation, kind: str, name: str) -> Finding:
    what = f"may not {operation.name.lower()} {kind} {name}: an ACL is missing, or one denies it"
    return problem("rights", f"user {user}", what, f"{_APPLY}, and look for ACLs that deny")
