"""A schema registry that speaks Confluent's API: look up, register, fetch by id.

A subject is the record's full name (Confluent's RecordNameStrategy): several kinds share a topic, so the topic does not
name a schema. What is said here is checked; a registry that says nonsense counts as one that is away.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn
from urllib.parse import quote

from earwitness.runtime.settings import RegistrySettings
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import IncompatibleError, NotRegisteredError, RegistryAwayError, UnknownSchemaError
from earwitness.schemas.framing import MAX_ID
from earwitness.schemas.registry_http import Answer, RegistryHttp

__all__ = ["COMPATIBILITY", "Registry", "subject_of"]

COMPATIBILITY = "FULL_TRANSITIVE"
"""Every version reads every older and newer one."""

_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA = 40401, 40402, 40403


def subject_of(schema: Schema) -> str:
    """The subject that a schema is registered under."""
    return f"{schema.definition['namespace']}.{schema.definition['name']}"


class Registry:
    """One registry. Asks anew each time; `RegistryIds` remembers.

    Its methods raise `RegistryAwayError` when the registry does not answer, refuses the login, or makes no sense.

    Args:
        settings: where it is.
        seconds: how long a question may take.

    Raises:
        SettingsError: the settings cannot be used.
    """

    def __init__(self, settings: RegistrySettings, seconds: float = 5.0) -> None:
        self.url = settings.url
        self._http = RegistryHttp(settings, seconds)

    def lookup(self, schema: Schema) -> int:
        """The id under which a schema is registered.

        Raises:
            NotRegisteredError: it is not.
        """
        answer = self._http.request("POST", f"/subjects/{_part(subject_of(schema))}", _body(schema=schema.text))
        if answer.status == 404 and _code(answer) in {_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA}:
            raise NotRegisteredError(
                f"the registry at {self.url} does not have {subject_of(schema)} in this version; "
                "run: earwitness schemas register"
            )
        return self._id(answer)

    def register(self, schema: Schema) -> int:
        """Register a schema, be it there already or not; its id.

        Raises:
            IncompatibleError: the registry does not take it beside the versions that it has.
        """
        path = f"/subjects/{_part(subject_of(schema))}/versions"
        answer = self._http.request("POST", path, _body(schema=schema.text))
        if answer.status in {409, 422}:
            raise IncompatibleError(
                f"the registry at {self.url} refuses {subject_of(schema)} (HTTP {answer.status}): {_words(answer)}"
            )
        return self._id(answer)

    def schema(self, wire_id: int) -> str:
        """The text of the schema with that id, as it was registered.

        Raises:
            UnknownSchemaError: the registry says that it has none.
        """
        answer = self._http.request("GET", f"/schemas/ids/{wire_id}")
        if answer.status == 404 and _code(answer) == _NO_SCHEMA:
            raise UnknownSchemaError(f"no schema has the id {wire_id} in the registry at {self.url}")
        found = self._ok(answer)
        if found.get("schemaType", "AVRO") != "AVRO" or found.get("references") or not isinstance(found["schema"], str):
            self._nonsense(f"its schema {wire_id} is no Avro schema of its own")
        text: str = found["schema"]
        return text

    def protect(self, schema: Schema) -> None:
        """Let the registry refuse a version of this schema's subject that cannot read, or be read by, another one."""
        path = f"/config/{_part(subject_of(schema))}"
        self._ok(self._http.request("PUT", path, _body(compatibility=COMPATIBILITY)), None)

    def reach(self) -> None:
        """Ask something small, to see whether it is a registry and lets us in."""
        self._ok(self._http.request("GET", "/config"), "compatibilityLevel")

    def _id(self, answer: Answer) -> int:
        found = self._ok(answer, "id")["id"]
        if not isinstance(found, int) or isinstance(found, bool) or not 0 < found <= MAX_ID:
            self._nonsense("it gives an id that cannot be one")
        return found

    def _ok(self, answer: Answer, name: str | None = "schema") -> dict[str, Any]:
        status = answer.status
        if status in {401, 403}:
            raise RegistryAwayError(
                f"the registry at {self.url} refuses the login (HTTP {status}); check EARWITNESS_REGISTRY_USER and "
                "EARWITNESS_REGISTRY_PASSWORD_FILE"
            )
        if 300 <= status < 400:
            self._nonsense(f"it sends elsewhere (HTTP {status}), which is not followed; give the final address")
        if status == 404:
            self._nonsense("HTTP 404; give the root of its Confluent API, as in …/apis/ccompat/v7")
        if status != 200:
            raise RegistryAwayError(f"the registry at {self.url} fails (HTTP {status})")
        found = _json(answer)
        if name is not None and name not in found:
            self._nonsense("its answer is not the JSON of Confluent's API")
        return found

    def _nonsense(self, what: str) -> NoReturn:
        raise RegistryAwayError(f"the registry at {self.url} does not answer as one: {what}")


def _part(name: str) -> str:
    return quote(name, safe="")


def _body(**fields: str) -> bytes:
    return json.dumps(fields).encode()


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _code(answer: Answer) -> object:
    return _json(answer).get("error_code")


def _words(answer: Answer) -> str:
    text = "".join(each if each.isprintable() else " " for each in str(_json(answer).get("message", "")))
    return " ".join(text.split())[:300] or "no reason given"
