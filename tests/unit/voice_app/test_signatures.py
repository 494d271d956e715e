"""Which webhooks are let in, and what the trail is told of those that are not."""

from __future__ import annotations

import asyncio
import hashlib
from urllib.parse import urlencode

import httpx
import pytest
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator

from earwitness.integrations.twilio import SignedWith

SUBACCOUNT = "AC" + "0d" * 16


def sent(line, path, pairs, signature, **headers):
    """What the trail holds of a request with that signature, after it got the answer that belongs to it."""
    response = line.send(path, urlencode(pairs), {"X-Twilio-Signature": signature, **headers})
    event = line.told("security.authentication")[-1]
    assert response.status_code == (200 if event.valid else 403)
    return event


def form(line, **fields):
    return [("CallSid", line.call_sid), ("From", line.caller), ("Direction", "inbound"), *fields.items()]


def test_a_wrong_signature_is_refused_and_told_without_anything_it_claims(line):
    body = urlencode({"CallSid": line.call_sid, "From": line.caller, "AccountSid": "robert'); --"})
    response = line.send("/voice", body, {"X-Twilio-Signature": "bm90IHRoZSByaWdodCBvbmU="})
    assert response.status_code == 403
    (event,) = line.audit.events
    assert line.kinds() == ["security.authentication"]
    assert (event.valid, event.reason, event.severity) == (False, "signature_mismatch", "WARN")
    assert (event.url_path, event.source_ip, event.method) == ("/voice", "192.0.2.7", "twilio_signature")
    assert (event.call_sid, event.caller, event.account_sid) == (None, None, None)


@pytest.mark.parametrize("path", ["/voice", "/gather", "/status", "/recording"])
def test_a_missing_signature_is_refused_on_every_webhook(line, path):
    assert line.send(path, urlencode({"CallSid": line.call_sid}), {}).status_code == 403
    (event,) = line.audit.events
    assert (event.valid, event.reason, event.url_path) == (False, "missing_signature", path)


def test_fields_that_occur_twice_are_signed_and_checked_with_all_their_values(line):
    twice = [("SipHeader_X", "one"), ("SipHeader_X", "two"), ("SipHeader_Y", "")]
    assert line.webhook("/voice", *twice).status_code == 200
    assert [event.valid for event in line.told("security.authentication")] == [True]


@pytest.mark.parametrize("names", ["line.example", "line.example:443"])
def test_the_port_in_the_address_may_be_signed_or_not(line, names):
    pairs = form(line)
    signature = RequestValidator(line.token).compute_signature(f"https://{names}/ivr/voice", MultiDict(pairs))
    assert sent(line, "/voice", pairs, signature).valid


def test_a_query_is_signed_as_it_was_sent(line):
    path, pairs = "/voice?b=2&a=%7E1", form(line)
    event = sent(line, path, pairs, line.signed(path, pairs))
    assert (event.valid, event.url_path) == (True, "/voice")


def test_a_changed_field_breaks_the_signature(line):
    pairs = form(line)
    assert sent(line, "/voice", [*pairs, ("Digits", "1")], line.signed("/voice", pairs)).reason == "signature_mismatch"


def test_a_proxy_that_changes_the_address_is_named(line):
    pairs = form(line)
    signature = RequestValidator(line.token).compute_signature("https://new.example/voice", MultiDict(pairs))
    for header in ("Host", "X-Forwarded-Host"):
        event = sent(line, "/voice", pairs, signature, **{header: "new.example"})
        assert (event.valid, event.reason) == (False, "proxy_url")
    assert sent(line, "/voice", pairs, signature, Host="other.example").reason == "signature_mismatch"
    assert sent(line, "/voice", pairs, signature, Host="[no:host").reason == "signature_mismatch"


def test_a_query_that_was_put_in_another_order_is_named(line):
    pairs = form(line)
    event = sent(line, "/voice?a=1&b=2&c=3", pairs, line.signed("/voice?c=3&a=1&b=2", pairs))
    assert (event.valid, event.reason) == (False, "query_resorted")


@pytest.mark.parametrize("kept", [0, 1])
def test_a_field_that_was_doubled_on_the_way_is_named(line, kept):
    values = ("north", "south")
    signature = line.signed("/voice", form(line, SipHeader_X=values[kept]))
    pairs = [*form(line), *(("SipHeader_X", value) for value in values)]
    assert sent(line, "/voice", pairs, signature).reason == "duplicate_field"


def test_a_subaccount_signs_with_its_own_token(new_line):
    line = new_line(signed_with=SignedWith("12345", {SUBACCOUNT: "67890"}))
    own, main = form(line, AccountSid=SUBACCOUNT), form(line, AccountSid=line.account_sid)
    event = sent(line, "/voice", own, line.signed("/voice", own, "67890"))
    assert (event.valid, event.account_sid) == (True, SUBACCOUNT)
    assert sent(line, "/voice", own, line.signed("/voice", own)).reason == "subaccount_token"
    assert sent(line, "/voice", main, line.signed("/voice", main, "67890")).reason == "subaccount_token"
    assert sent(line, "/voice", own, line.signed("/voice", own, "x")).reason == "signature_mismatch"


def test_a_body_that_is_signed_by_its_hash(line):
    pairs = form(line)
    path = f"/voice?bodySHA256={hashlib.sha256(urlencode(pairs).encode()).hexdigest()}"
    signature = line.signed(path, [])
    assert sent(line, path, pairs, signature).valid
    assert sent(line, path, [*pairs, ("Digits", "1")], signature).reason == "body_hash_mismatch"
    assert sent(line, path, pairs, line.signed("/voice", [])).reason == "signature_mismatch"


def test_repeated_forgeries_from_one_address_are_a_pattern(line):
    for number in range(11):
        line.send(("/voice", "/gather", "/status")[number % 3], "CallSid=CA", {"X-Twilio-Signature": "no"})
        line.source_ip = "192.0.2.7"
    patterns = line.told("security.error_pattern")
    assert [(p.pattern, p.count, p.window_seconds) for p in patterns] == [("signature_failures", 5, 300)] * 2
    assert {(p.subject, p.call_sid, p.caller) for p in patterns} == {("192.0.2.7", None, None)}
    assert line.kinds()[4:6] == ["security.authentication", "security.error_pattern"]


def test_forgeries_from_everywhere_are_no_pattern_of_one(line):
    for number in range(20):
        line.source_ip = f"192.0.2.{number}"
        line.send("/voice", "CallSid=CA", {})
    assert line.told("security.error_pattern") == []


@pytest.mark.parametrize("declared", [True, False])
def test_an_oversized_body_is_refused_unread(new_line, declared):
    line = new_line(max_body_bytes=1000)
    read = 0

    async def chunks():
        nonlocal read
        for _ in range(1000):
            read += 100
            yield b"a" * 100

    async def post() -> httpx.Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers |= {"Content-Length": "100000"} if declared else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=line.app)) as http:
            return await http.post("http://app/voice", content=chunks(), headers=headers)

    assert asyncio.run(post()).status_code == 413
    assert read <= 1200
    (event,) = line.told("security.input_validation")
    assert (event.field, event.category, event.pattern, event.action) == ("body", "malformed", "too_long", "rejected")


@pytest.mark.parametrize("body", [b"CallSid=\xff\xfe\xff", "&".join(f"f{n}=1" for n in range(500)).encode()])
def test_a_body_that_is_no_form_is_refused(line, body):
    assert line.send("/voice", body, {}).status_code == 400
    assert line.kinds() == ["security.input_validation"]


def test_a_signed_webhook_without_a_proper_call_sid_is_refused(line):
    assert line.webhook("/voice", call_sid="CA12").status_code == 400
    assert line.kinds() == ["security.authentication", "security.input_validation"]
    assert line.told("security.input_validation")[0].field == "CallSid"
