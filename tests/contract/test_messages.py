"""Messages out: the rows, their languages, their length, their delivery by the sandbox."""

import json

import pytest

from blackbox import DE, FR, US, assert_problem, megabytes, monthly, wait_for

MEMBERS = {"id", "msisdn", "kind", "channel", "language", "text", "encoding", "segments", "state", "attempts", "cause",
           "createdAt"}


@pytest.mark.parametrize("text, encoding, units, segments", [
    ("", "gsm7", 0, None), ("hello", "gsm7", 5, 1), ("£ à é ü Ω", "gsm7", 9, 1), ("€", "gsm7", 2, 1),
    ("[{~}]\\^|", "gsm7", 16, 1),
    ("a" * 160, "gsm7", 160, 1), ("a" * 161, "gsm7", 161, 2), ("a" * 306, "gsm7", 306, 2), ("a" * 307, "gsm7", 307, 3),
    ("€" * 80, "gsm7", 160, 1), ("你好", "ucs2", 2, 1), ("ç", "ucs2", 1, 1), ("a" * 69 + "你", "ucs2", 70, 1),
    ("你" * 71, "ucs2", 71, 2), ("你" * 134, "ucs2", 134, 2), ("你" * 135, "ucs2", 135, 3), ("😀", "ucs2", 2, 1),
    ("😀" * 35, "ucs2", 70, 1)], ids=lambda value: repr(value)[:12])
def test_the_length_of_a_message_is_measured(service, text, encoding, units, segments):
    response = service.post("/v1/messages/measure", json={"text": text})
    assert response.status_code == 200, response.text
    measured = response.json()
    assert (measured["encoding"], measured["units"]) == (encoding, units)
    if segments is not None:
        assert measured["segments"] == segments


@pytest.mark.parametrize("body", [{}, {"text": 5}, {"text": None}, []], ids=str)
def test_what_is_no_text_is_not_measured(service, body):
    assert_problem(service.post("/v1/messages/measure", json=body), (400, 422))


def test_a_message_has_all_its_members_and_names_its_cause(service):
    customer = service.customer()
    customer.attach(FR)
    message = customer.notification("welcome")
    assert MEMBERS <= set(message)
    assert message["msisdn"] == customer.msisdn
    assert message["language"].startswith("en")
    assert message["encoding"] in ("gsm7", "ucs2")
    assert customer.last_event["id"] in json.dumps(message["cause"])
    measured = service.post("/v1/messages/measure", json={"text": message["text"]}).json()
    assert (message["encoding"], message["segments"]) == (measured["encoding"], measured["segments"])


def test_the_sandbox_takes_each_message_once(service):
    customer = service.customer(channels=["sms"])
    customer.attach(FR)
    message = wait_for(lambda: [item for item in customer.notifications("welcome")
                                if item["state"] in ("sent", "delivered")], what="the welcome to be sent")[0]
    assert message["channel"] == "sms"
    assert message["attempts"] == 1
    assert message["sentAt"]


@pytest.mark.parametrize("language, name", [("en-GB", "France"), ("zh-Hans", "法国"), ("zh-Hant", "法國"),
                                            ("fr", "France"), ("de", "Frankreich"), ("es", "Francia"),
                                            ("ja", "フランス"), ("pt", "France"), ("zh-Hant-HK", "法國")])
def test_a_message_speaks_the_customers_language(service, language, name):
    customer = service.customer(language=language)
    customer.attach(FR)
    assert name in customer.notification("welcome")["text"]


def test_the_languages_differ_in_more_than_names(service):
    texts = {}
    for language in ("en-GB", "zh-Hans", "zh-Hant", "fr", "de", "es", "ja"):
        customer = service.customer(language=language, caps=[monthly()])
        customer.usage(megabytes(8), FR)
        texts[language] = customer.notification("threshold")["text"]
    assert len(set(texts.values())) == len(texts)
    assert "10,00" in texts["de"] and "10,00" in texts["fr"]  # amounts as written there
    assert "10.00" in texts["en-GB"] and "10.00" in texts["ja"]


def test_messages_are_listed_newest_first_and_by_kind_and_state(service):
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    customer.usage(megabytes(5), FR)
    customer.usage(megabytes(5), FR)
    assert customer.kinds() == ["welcome", "threshold", "confirm_cap"]
    assert [item["kind"] for item in customer.notifications("threshold")] == ["threshold"]
    wait_for(lambda: not customer.notifications(state="queued"), what="the queue to empty")
    for state in ("failed", "expired", "cancelled"):
        assert customer.notifications(state=state) == []


def test_two_customers_messages_are_not_mixed(service):
    first, second = service.customer(), service.customer()
    first.attach(FR)
    second.attach(DE)
    assert "France" in first.notification("welcome")["text"]
    assert "Germany" in second.notification("welcome")["text"]


@pytest.mark.parametrize("params", [{"kind": "love_letter"}, {"state": "lost"}, {"msisdn": "not a number"}], ids=str)
def test_a_list_of_what_does_not_exist_is_refused_or_empty(service, params):
    response = service.get("/v1/notifications", params=params)
    assert response.status_code in (200, 400, 422)
    if response.status_code == 200:
        assert response.json()["items"] == []


def test_an_unknown_message_cannot_be_retried(service):
    assert_problem(service.post("/v1/notifications/no-such-message/retry"), 404)


def test_an_app_message_with_a_data_hold_goes_by_sms_too(service):
    customer = service.customer(channels=["app", "sms"], appAddress="device-token")
    customer.attach(US)
    channels = {item["channel"] for item in customer.notifications("confirm_destination")}
    assert "sms" in channels
