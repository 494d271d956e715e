"""What a stage refuses before it starts, and what it tells Faust."""

from __future__ import annotations

import pytest

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import KafkaSettings, Secret
from earwitness.stream import SliceOptions, build_app
from earwitness.stream.transport import Transport


@pytest.mark.parametrize(
    "values",
    [
        {"max_slice": 0},
        {"max_slice": 2000, "max_in_flight": 1000},
        {"session_seconds": 5.0},
        {"stall_seconds": 60.0},
        {"commit_seconds": -1.0},
    ],
)
def test_options_that_contradict_each_other_are_refused(values):
    with pytest.raises(SettingsError, match=next(iter(values))):
        SliceOptions(**values)


def test_the_app_reads_slices_as_its_user_and_opens_nothing(tmp_path):
    kafka = KafkaSettings("a:1, b:2", "SASL_PLAINTEXT", "SCRAM-SHA-512", "privacy", Secret("pw"))
    app = build_app("earwitness-t", kafka, directory=tmp_path)
    assert isinstance(app.transport, Transport)
    assert [str(url) for url in app.conf.broker] == ["slices://a:1", "slices://b:2"]
    assert app.conf.broker_credentials.mechanism.value == "SCRAM-SHA-512"
    assert not app.conf.web_enabled
    assert not app.conf.topic_allow_declare
    assert app.conf.topic_disable_leader
    assert app.conf.stream_wait_empty
    assert app.conf.processing_guarantee.value == "at_least_once"


@pytest.mark.parametrize(
    ("kafka", "says"),
    [
        (KafkaSettings("a:1", "SASL_PLAINTEXT", "GSSAPI"), "GSSAPI"),
        (KafkaSettings("a:1", "SASL_PLAINTEXT", "PLAIN", "me", None), "PASSWORD_FILE"),
        (KafkaSettings("a:1", "SSL", extra={"ssl.crl.location": "x"}), "ssl.crl.location"),
    ],
)
def test_a_login_that_faust_cannot_do_is_refused(kafka, says, tmp_path):
    with pytest.raises(SettingsError, match=says):
        build_app("earwitness-t", kafka, directory=tmp_path)
