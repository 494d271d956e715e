"""Twilio's signatures: the same as Twilio's own package computes, and what was changed when one does not hold."""

from __future__ import annotations

import contextlib
import hmac
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator, get_signature_algorithm

from earwitness.integrations.twilio import Signatures, SignedRequest, SignedWith, Verdict, form_pairs, signing
from earwitness.integrations.twilio.requests import NotAFormError

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TOKEN = "12345"
FORM = (
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
)
TWICE = (("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234"))
BODY = b'{"property": "value", "boolean": true}'
BODY_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


def sign(url, pairs=(), token=TOKEN, algorithm=None):
    return RequestValidator(token).compute_signature(url, MultiDict(pairs), algorithm)


def other(*pairs):
    return tuple((name, value.replace("09", "10")) for name, value in pairs)


# Vectors of twilio-python's tests/unit/test_request_validator.py and of other languages' packages
@pytest.mark.parametrize(
    ("url", "pairs", "signature"),
    [
        (URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, other(*FORM), "GvWf1cFY/Q7PnoempGyD5oXAezc="),
        (URL, TWICE, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (URL, TWICE[::-1], "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (f"{URL}&bodySHA256={BODY_HASH}", (), "a9nBmqA0ju/hNViExpshrM61xv4="),
        (URL.replace(".com", ".com:8443"), FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ],
)
def test_the_vectors(url, pairs, signature):
    fields = signing.fields_text(pairs)
    assert signing.holds(TOKEN, url, fields, signature)
    assert not signing.holds("12346", url, fields, signature)
    assert not signing.holds(TOKEN, url, f"{fields}x", signature)


def test_the_body_hash_vector():
    assert signing.same_body(BODY, BODY_HASH)
    assert not signing.same_body(BODY + b" ", BODY_HASH)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
pairs = st.lists(st.tuples(words, words), max_size=8)
hosts = st.from_regex(r"[a-z0-9-]{1,10}(\.[a-z]{2,5})?", fullmatch=True)
ports = st.one_of(st.just(""), st.sampled_from([":443", ":80", ":8443", ":0", ":", ":99999", ":x"]))
tails = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="@#"), max_size=25)
urls = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["https", "http", "HTTPS"]),
    hosts,
    ports,
    st.sampled_from(["", "/", "/voice", "/a;b=1", "/voice?"]),
    tails,
)


@given(urls, pairs, st.sampled_from([TOKEN, "ü"]), st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]), st.data())
def test_a_signature_holds_if_and_only_if_twilios_package_says_so(url, form, token, algorithm, data):
    validator = RequestValidator(token)
    signed_url = data.draw(st.sampled_from([url, url.replace(":443", ""), url.replace(":8443", ""), url + "x"]))
    signed_form = data.draw(st.sampled_from([form, form[::-1], form + form[:1], form[1:], [*form, ("a", "b")]]))
    signature = sign(signed_url, signed_form, data.draw(st.sampled_from([token, "12346"])), algorithm)
    try:
        expected = validator.validate(url, MultiDict(form), signature, algorithm)
    except ValueError:  # no port
        expected = False
    assert signing.holds(token, url, signing.fields_text(form), signature, algorithm) is expected


@given(st.text(st.sampled_from("key=,algorithm HMAC_SHA256x"), max_size=60))
def test_the_algorithm_is_the_one_that_twilios_package_reads(header):
    assert signing.algorithm_and_key(header)[0] == get_signature_algorithm(header).upper()


def test_the_header_of_shared_keys():
    read = signing.algorithm_and_key
    assert read("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256") == ("HMAC_SHA256", "webhooks_sharedkey_1")
    assert read(" algorithm = hmac_sha256 , key = k ") == ("HMAC_SHA256", "k")
    assert read(None) == read("") == read("key=,algorithm=") == ("HMAC_SHA1", None)


@given(st.binary(max_size=200))
def test_any_body_is_a_form_or_is_refused(body):
    with contextlib.suppress(NotAFormError):
        assert all(isinstance(text, str) for pair in form_pairs(body) for text in pair)


@given(pairs)
def test_a_form_is_read_as_it_was_sent(form):
    assert form_pairs(urlencode(form).encode()) == tuple(form)


class Sent:
    """Requests as Twilio sends them to https://line.example/ivr/voice, and what an app makes of them."""

    base = "https://line.example/ivr"
    form = (("CallSid", "CA1"), ("AccountSid", "AC1"), ("Digits", "12"))

    def __init__(self, public_base_url=base, **secrets):
        self.signatures = Signatures(SignedWith(TOKEN, **secrets), public_base_url)

    def judge(self, signature, *, path="/voice", query="", form=form, body=b"x", scheme="http", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"host": "10.0.0.1:8000", **named}
        if signature is not None:
            given["x-twilio-signature"] = signature
        return self.signatures.judge(SignedRequest(scheme, path, query, given, body, form))

    def signed(self, target="/voice", form=form, token=TOKEN, base=base, algorithm=None):
        return sign(base + target, form, token, algorithm)


VALID = Verdict(valid=True)


def test_what_twilio_signed_is_valid():
    sent = Sent()
    assert sent.judge(sent.signed()) == VALID
    assert sent.judge(sent.signed("/voice?b=2&a=%7E1"), query="b=2&a=%7E1") == VALID
    assert sent.judge(sent.signed("/voice?a=1", ()), query="a=1", form=None, body=b"") == VALID  # with GET
    twice = (*Sent.form, ("SipHeader", "one"), ("SipHeader", "two"))
    assert sent.judge(sent.signed(form=twice), form=twice) == VALID


def test_no_signature_at_all():
    assert Sent().judge(None) == Verdict(valid=False, reason="missing_signature")


@pytest.mark.parametrize("signature", ["", "x", "ü", "\udcff", "=" * 9999, "bm90IHRoZSByaWdodCBvbmU="])
def test_a_signature_that_nobody_made(signature):
    assert Sent().judge(signature, query="a=1&b=2", **{"x-forwarded-host": "x,y\x00,[::1]:99,a:b:c"}) == Verdict(
        valid=False, reason="signature_mismatch"
    )


@pytest.mark.parametrize(
    ("signed_for", "headers", "variant", "origin"),
    [
        ("http://line.example/ivr", {}, "scheme", "http://line.example/ivr"),
        ("https://line.example:8443/ivr", {"host": "line.example:8443"}, "port", "https://line.example:8443/ivr"),
        ("https://line.example:8443/ivr", {"x-forwarded-port": "8443"}, "port", "https://line.example:8443/ivr"),
        ("https://new.example/ivr", {"host": "new.example"}, "host", "https://new.example/ivr"),
        ("https://new.example", {"x-forwarded-host": "new.example, 10.0.0.1"}, "host", "https://new.example"),
        ("https://new.example", {"forwarded": 'for=192.0.2.1;host="new.example";proto=https'}, "host", "https://new.example"),
        ("https://new.example/v2", {"x-forwarded-host": "new.example", "x-forwarded-prefix": "/v2/"}, "host", "https://new.example/v2"),
        ("https://line.example", {}, "path", "https://line.example"),
    ],
)  # fmt: skip
def test_a_proxy_that_changes_the_address_is_found_out(signed_for, headers, variant, origin):
    sent = Sent()
    signature = sign(f"{signed_for}/voice?a=1", Sent.form)
    assert sent.judge(signature, query="a=1", **headers) == Verdict(False, "proxy_url", variant, origin)


def test_a_slash_at_the_end_is_found_out():
    sent = Sent()
    verdict = Verdict(False, "proxy_url", "path", Sent.base)
    assert sent.judge(sent.signed("/voice/")) == verdict
    assert sent.judge(sent.signed("/voice"), path="/voice/") == verdict


def test_without_a_public_address_the_servers_own_is_checked():
    sent = Sent(None)
    signature = sent.signed(base="https://line.example")
    assert sent.judge(signature, scheme="https", host="line.example") == VALID
    assert sent.judge(signature, scheme="http", host="line.example").variant == "scheme"
    assert sent.judge(signature, scheme="https", host="").reason == "signature_mismatch"
    assert sent.judge(signature, scheme="https", host="a:b").reason == "signature_mismatch"


@pytest.mark.parametrize(
    ("signed", "came", "variant"),
    [
        ("c=3&a=1&b=2", "a=1&b=2&c=3", "reordered"),
        ("a=1&b=2&c=3&d=4&e=5&f=6", "f=6&b=2&c=3&a=1&e=5&d=4", "sorted"),  # too many to try all orders
        ("f=6&e=5&a=1&c=3&b=2", "b=2&c=3&a=1&e=5&f=6", "reversed"),
    ],
)
def test_a_query_in_another_order_is_found_out(signed, came, variant):
    sent = Sent()
    assert sent.judge(sent.signed(f"/voice?{signed}"), query=came) == Verdict(False, "query_resorted", variant)


@pytest.mark.parametrize(("kept", "variant"), [("one", "first"), ("two", "last")])
def test_a_field_that_was_doubled_is_found_out(kept, variant):
    sent = Sent()
    twice = (*Sent.form, ("X", "one"), ("X", "two"))
    signature = sent.signed(form=(*Sent.form, ("X", kept)))
    assert sent.judge(signature, form=twice) == Verdict(False, "duplicate_field", variant)


def test_a_subaccount_signs_with_its_own_token():
    sent = Sent(subaccounts={"AC2": "67890"})
    own = (("AccountSid", "AC2"), ("CallSid", "CA1"))
    assert sent.judge(sent.signed(form=own, token="67890"), form=own) == VALID
    assert sent.judge(sent.signed(form=own), form=own) == Verdict(False, "subaccount_token", "token")
    assert sent.judge(sent.signed(token="67890")) == Verdict(False, "subaccount_token", "token")
    assert sent.judge(sent.signed(token="x")) == Verdict(False, "signature_mismatch")


def test_a_body_that_is_signed_by_its_hash():
    sent, query = Sent(), f"bodySHA256={BODY_HASH}"
    signature = sent.signed(f"/voice?{query}", ())
    assert sent.judge(signature, query=query, form=None, body=BODY) == VALID
    assert sent.judge(signature, query=query, form=None, body=BODY + b" ") == Verdict(
        False, "body_hash_mismatch", "changed"
    )
    assert sent.judge(sent.signed("/voice", ()), query=query, form=None, body=BODY).reason == "signature_mismatch"
    http = sign(f"http://line.example/ivr/voice?{query}")
    assert sent.judge(http, query=query, form=None, body=BODY).variant == "scheme"


def test_a_form_whose_address_happens_to_hold_a_hash():
    sent, query = Sent(), "bodySHA256=0"
    assert sent.judge(sent.signed(f"/voice?{query}"), query=query) == VALID


def test_a_body_that_no_signature_covers_is_not_believed():
    sent = Sent()
    assert sent.judge(sent.signed(form=()), form=None, body=BODY) == Verdict(False, "body_hash_mismatch", "not_signed")


def test_shared_keys():
    sent = Sent(shared_keys={"k1": "s3cret"})
    settings = {"x-twilio-webhooks-signature-settings": "key=k1,algorithm=HMAC_SHA256"}
    signature = sent.signed(token="s3cret", algorithm="HMAC_SHA256")
    assert sent.judge(signature, **settings) == VALID
    assert sent.judge(sent.signed(), **settings).reason == "signature_mismatch"
    assert sent.judge(signature) == Verdict(False, "other", "settings_header")
    unknown = {"x-twilio-webhooks-signature-settings": "key=k2,algorithm=HMAC_SHA256"}
    assert sent.judge(signature, **unknown) == Verdict(False, "other", "shared_key")
    newer = {"x-twilio-webhooks-signature-settings": "key=k1,algorithm=HMAC_SHA512"}
    assert sent.judge(signature, **newer) == Verdict(False, "other", "algorithm")


def test_secrets_are_not_shown_and_not_empty():
    signed_with = SignedWith("t0ken", {"AC2": "t1ken"}, {"k": "t2ken"})
    assert "ken" not in repr(signed_with).replace("token", "") + repr(Signatures(signed_with))
    for empty in ({"auth_token": ""}, {"subaccounts": {"AC": ""}}, {"shared_keys": {"k": ""}}):
        with pytest.raises(ValueError, match="is empty"):
            SignedWith(**{"auth_token": "x", **empty})


def test_saying_no_takes_a_bounded_number_of_hashes(monkeypatch):
    sent = Sent(subaccounts={f"AC{n}": f"token {n}" for n in range(1000)})
    hashed = []
    real = hmac.digest
    monkeypatch.setattr(hmac, "digest", lambda key, text, by: hashed.append(len(text)) or real(key, text, by))
    hosts = ",".join(f"host{n}.example" for n in range(1000))
    assert sent.judge("no", query="a=1&b=2&c=3&d=4", **{"x-forwarded-host": hosts}).reason == "signature_mismatch"
    assert len(hashed) <= 2 + 2 * 64
    hashed.clear()
    large = (("CallSid", "CA1"), ("SpeechResult", "x" * 60_000))
    assert sent.judge("no", form=large).reason == "signature_mismatch"
    assert sum(hashed) <= 5 * 60_000 + 512 * 1024
