"""The schema registry, as ClickHouse asks it: `GET /schemas/ids/N`."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

from earwitness.doctor.findings import Finding, ok, problem
from earwitness.schemas import catalogue

__all__ = ["check_registry"]

_SECONDS = 5.0


def check_registry(url: str) -> Finding:
    """Whether it answers for the schemas that the sink lands."""
    kinds = catalogue.kinds()
    wanted = catalogue.masked(kinds[0])
    try:
        with urllib.request.urlopen(f"{url}/schemas/ids/{wanted.id}", timeout=_SECONDS) as answer:  # noqa: S310 - settings take http and https only
            json.loads(answer.read())["schema"]
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.NOT_FOUND:
            what = f"answers, but knows no schema {wanted.id} ({wanted.name}, masked)"
            return problem("registry", url, what, "is it the right one? The embedded stack's is the catalogue")
        do = (
            "read the registry's log"
            if error.code >= http.client.INTERNAL_SERVER_ERROR
            else "correct EARWITNESS_REGISTRY_URL"
        )
        return problem("registry", url, f"answers with HTTP status {error.code}", do)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return problem("registry", url, f"does not answer: {reason}", "start it, or correct EARWITNESS_REGISTRY_URL")
    except (ValueError, KeyError, TypeError):
        return problem("registry", url, "does not answer like a schema registry", "correct EARWITNESS_REGISTRY_URL")
    return ok("registry", url, f"answers, and knows the schema {wanted.id} ({wanted.name}, masked)")
