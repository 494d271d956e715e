"""The schema registry: as the workers ask it, and as ClickHouse asks for a schema, `GET /schemas/ids/N`."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

from earwitness.doctor.findings import Finding, ok, problem
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.settings import RegistrySettings
from earwitness.schemas import catalogue
from earwitness.schemas.errors import NotRegisteredError
from earwitness.schemas.registry import Registry
from earwitness.schemas.schema import Schema
from earwitness.schemas.wire import wire_ids

__all__ = ["check_registry", "check_schema_server"]

_SECONDS = 5.0


def check_registry(settings: RegistrySettings) -> Finding:
    """Whether the user's registry answers, and has all the schemas of this release."""
    schemas = [made(kind) for kind in catalogue.kinds() for made in (catalogue.raw, catalogue.masked)]
    missing = []
    try:
        registry = Registry(settings, _SECONDS)
        for schema in schemas:
            try:
                registry.lookup(schema)
            except NotRegisteredError:
                missing.append(schema)
    except EarwitnessError as error:
        do = "start it, or correct EARWITNESS_REGISTRY_URL and its login"
        return problem("registry", settings.url, str(error), do)
    if missing:
        what = f"lacks {len(missing)} of {len(schemas)} schemas, such as that of {missing[0].name}, {missing[0].stage}"
        return problem("registry", settings.url, what, "run: earwitness schemas register")
    return ok("registry", settings.url, f"answers, and has all {len(schemas)} schemas")


def check_schema_server(url: str, registry: RegistrySettings | None) -> Finding:
    """Whether what ClickHouse asks for schemas answers for those that the sink lands.

    Args:
        url: where ClickHouse asks.
        registry: the user's registry, which then gives the ids.
    """
    wanted = catalogue.masked(catalogue.kinds()[0])
    try:
        wire_id = wire_ids(registry).id_of(wanted)
    except EarwitnessError as error:
        return problem("registry", url, str(error), "mend the registry first")
    try:
        return _ask(url, wire_id, wanted)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.NOT_FOUND:
            what = f"answers, but knows no schema {wire_id} ({wanted.name}, masked)"
            return problem("registry", url, what, "is it the right one, and as new as this release? Start it again")
        return problem("registry", url, f"answers with HTTP status {error.code}", "read its log")
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        what = f"does not answer: {reason}"
        return problem("registry", url, what, "start it, or correct EARWITNESS_CLICKHOUSE_REGISTRY_URL")


def _ask(url: str, wire_id: int, wanted: Schema) -> Finding:
    with urllib.request.urlopen(f"{url}/schemas/ids/{wire_id}", timeout=_SECONDS) as answer:  # noqa: S310 - settings take http and https only
        body = answer.read(1 << 20)
    try:
        text = json.loads(body)["schema"]
        same = json.loads(text)["name"] == wanted.definition["name"]
    except (ValueError, KeyError, TypeError):
        what = "does not answer like a schema registry"
        return problem("registry", url, what, "correct EARWITNESS_CLICKHOUSE_REGISTRY_URL")
    if not same:
        what = f"has another schema under the id {wire_id} than that of {wanted.name}, masked"
        return problem("registry", url, what, "let ClickHouse ask where the workers do")
    return ok("registry", url, f"answers ClickHouse, and knows the schema {wire_id} ({wanted.name}, masked)")
