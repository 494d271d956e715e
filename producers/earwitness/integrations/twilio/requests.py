"""What of a request is signed, and what it says about how it came here; the same for every framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import parse_qsl

__all__ = ["MAX_FIELDS", "NotAFormError", "SignedRequest", "form_pairs"]

MAX_FIELDS: Final = 200

Pairs = tuple[tuple[str, str], ...]


class NotAFormError(ValueError):
    """A body is no form: not UTF-8, or of too many fields."""


@dataclass(frozen=True)
class SignedRequest:
    """A request.

    Attributes:
        scheme: http or https, as the server sees it.
        path: the requested path as it came, percent-encoded, with what a server mounts the app under.
        query: the query as it came, undecoded and without `?`: a query that is encoded anew is another one.
        headers: by lower-case name.
        body: the body.
        pairs: all pairs of its form, in order; None: it is no form.
    """

    scheme: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    pairs: Pairs | None = field(default=None, repr=False)

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def origin(self) -> str:
        """Where the request says that it went to: `https://line.example`."""
        return f"{self.scheme}://{self.headers.get('host', '')}"

    @property
    def signature(self) -> str | None:
        """X-Twilio-Signature."""
        return self.headers.get("x-twilio-signature")

    @property
    def signature_settings(self) -> str | None:
        """X-Twilio-Webhooks-Signature-Settings."""
        return self.headers.get("x-twilio-webhooks-signature-settings")

    @property
    def account_sid(self) -> str | None:
        """Whose token it should be signed with; what the request says, whoever sent it."""
        return self.form.get("AccountSid")

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The fields: of the body, or, where nothing was posted, of the query, as Twilio sends them with GET."""
        return dict(self.fields)

    @property
    def fields(self) -> Pairs:
        """The same in order, with all values."""
        return self.query_pairs if self.pairs is None and not self.body else self.pairs or ()

    @cached_property
    def query_pairs(self) -> Pairs:
        """The query, decoded; empty when it is none."""
        try:
            return form_pairs(self.query.encode("latin-1", "replace"))
        except NotAFormError:
            return ()


def form_pairs(body: bytes) -> Pairs:
    """All pairs of a form. A name may occur twice, and Twilio signs every value: a dict would lose one.

    Raises:
        NotAFormError: it is no form.
    """
    if not body:
        return ()
    try:
        return tuple(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise NotAFormError("not UTF-8" if isinstance(error, UnicodeDecodeError) else "too many fields") from None
