"""What the edges are sent, broken at random: whatever it is, it is refused in words or taken, and never an error of ours.

The seed is fixed, so that a red run can be repeated; SEED and SECONDS make another and a longer one.
"""

import copy
import json
import os
import random
import time
from urllib.parse import quote_from_bytes, urlencode

import pytest

from blackbox import now, rfc3339

NUMBER = "447700900123"
PREFIXES = ["org.camaraproject.device-roaming-status-subscriptions.v0.",
            "org.camaraproject.roaming-status-subscriptions.v0.", "org.camaraproject.device-status.v0."]
NEWS = ["roaming-on", "roaming-off", "roaming-status", "roaming-change-country", "subscription-ended"]
BAD = [None, True, 0, -1, 1.5, 1e308, 2**63, -2**63, "", "\0", "x" * 3000, "\ud800", "é" * 500, [], {}, [[]], [None],
       {"a": None}, "imsi-", "msisdn-", "http://", "http://user:p@x/", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z",
       "999", ["FR", "XX"], -208]
CHARSETS = ["UTF-8", "UTF-16BE", "UTF-7", "x" * 200, "", "ISO-8859-1", "\0", "SCSU", "UTF-16,version=1", "é"]


def camara(dice):
    return {"id": str(dice.random()), "source": "https://x.example", "type": dice.choice(PREFIXES) + dice.choice(NEWS),
            "specversion": "1.0", "time": rfc3339(now()), "datacontenttype": "application/json",
            "data": {"device": {"phoneNumber": f"+{NUMBER}"}, "subscriptionId": "s-1", "roaming": True,
                     "countryCode": 208, "countryName": ["FR"], "terminationReason": "SUBSCRIPTION_EXPIRED"}}


def monitoring(dice):
    return {"subscription": "http://a/b", "monitoringEventReports": [
        {"monitoringType": "ROAMING_STATUS", "msisdn": NUMBER, "roamingStatus": True,
         "plmnId": {"mcc": "208", "mnc": "09"}, "eventTime": rfc3339(now())}]}


def exposure(dice):
    return [{"referenceId": 1, "eventType": "ROAMING_STATUS", "timeStamp": rfc3339(now()), "gpsi": f"msisdn-{NUMBER}",
             "report": {"roaming": True, "newServingPlmn": {"mcc": "208", "mnc": "09"}}}]


def policy(dice):
    return {"supi": "imsi-234150000000123", "gpsi": f"msisdn-{NUMBER}", "notifUri": "http://127.0.0.1:9/n",
            "policyCounterIds": ["data"], "notifId": "x", "expiry": "2027-01-01T00:00:00Z"}


def sms(dice):
    return {"from": f"+{NUMBER}", "to": "1", "text": dice.choice(["1", "YES", "NO", "STOP", "HELP", "USAGE", "x"]),
            "id": str(dice.random()), "receivedAt": rfc3339(now())}


EVENT, JSON = "application/cloudevents+json", "application/json"
DOORS = [("POST", "/camara/notifications", camara, EVENT), ("POST", "/v1/events", camara, EVENT),
         ("POST", "/3gpp/monitoring-events", monitoring, JSON), ("POST", "/3gpp/ee-notifications", exposure, JSON),
         ("POST", "/nchf-spendinglimitcontrol/v1/subscriptions", policy, JSON),
         ("PUT", "/nchf-spendinglimitcontrol/v1/subscriptions/abc", policy, JSON),
         ("POST", "/device-roaming-status/v1/retrieve", lambda _: {"device": {"phoneNumber": f"+{NUMBER}"}}, JSON),
         ("POST", "/v1/sms/inbound", sms, JSON),
         ("POST", "/v1/sms/dlr", lambda _: {"id": "n-1", "status": "delivered"}, JSON),
         ("PUT", "/v1/camara/subscriptions/s%2F1", lambda _: {"msisdn": f"+{NUMBER}"}, JSON)]


def places(value, way=()):
    if way:
        yield way
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, way + (step,))


def broken(value, dice):
    value = copy.deepcopy(value)
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3])):
        ways = list(places(value))
        if not ways:
            break
        *before, last = dice.choice(ways)
        holder = value
        for step in before:
            holder = holder[step]
        if isinstance(holder, dict) and dice.random() < 0.2:
            holder.pop(last)
        else:
            holder[last] = copy.deepcopy(dice.choice(BAD))
    text = json.dumps(value).encode("utf-8", "surrogatepass")
    return text[:dice.randrange(len(text) + 1)] if dice.random() < 0.05 else text


@pytest.fixture(scope="module")
def sent(start):
    """Everything that was sent in the time there is, by door and answer."""
    service = start("--platform.webhook-url", "http://127.0.0.1:9/x")
    dice = random.Random(int(os.environ.get("SEED", "2018")))
    answers = []
    end = time.monotonic() + float(os.environ.get("SECONDS", "8"))
    while time.monotonic() < end:
        method, path, good, media = dice.choice(DOORS)
        body = broken(good(dice), dice)
        response = service.http.request(method, service.url(path), data=body, headers={"Content-Type": media}, timeout=10)
        answers.append((path, body, response.status_code))
        query = urlencode({"from": dice.choice([f"+{NUMBER}", NUMBER, f"00{NUMBER}", "SHOP", "", "+"]),
                           "charset": dice.choice(CHARSETS), "id": str(dice.random())})
        text = quote_from_bytes(bytes(dice.randrange(256) for _ in range(dice.randrange(40))))
        response = service.http.get(service.url(f"/v1/sms/inbound?{query}&text={text}"), timeout=10)
        answers.append(("GET inbound", f"{query}&text={text}", response.status_code))
    return service, answers


def test_nothing_that_comes_in_is_an_error_of_ours(sent):
    _, answers = sent
    assert [answer for answer in answers if answer[2] >= 500] == []


def test_every_door_took_some_and_refused_some(sent):
    _, answers = sent
    for path in {path for path, *_ in answers if path not in ("/nchf-spendinglimitcontrol/v1/subscriptions/abc",
                                                              "/v1/sms/dlr")}:
        statuses = {status for door, _, status in answers if door == path}
        assert any(status < 300 for status in statuses) and any(400 <= status < 500 for status in statuses), path


def test_afterwards_the_evidence_is_whole_and_the_log_holds_no_number(sent):
    service, _ = sent
    assert service.get(f"/v1/subscribers/%2B{NUMBER}/verify").json()["ok"] is True
    assert NUMBER not in service.log()
