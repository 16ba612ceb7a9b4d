"""Who may knock at the event, SMS and core-network doors: keys, signatures instead of keys, and HTTP Basic."""

import json
import re
import time
import uuid

import pytest

from blackbox import (ATTACH, BATCH, FR, STRUCTURED, TABLE, Service, assert_problem, megabytes, monthly, network,
                      new_event, now, rfc3339, run)
from receiver import new_secret, signature, signed

SECRETS = [new_secret(), new_secret()]  # two, as while one is being replaced
ROLES = ["platform", "gateway", "care", "product", "admin"]
NUMBERS = iter(f"+4477009008{n:02}" for n in range(100))


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A service with signed senders and one key of each role; the keys."""
    service = Service(tmp_path_factory.mktemp("signed"), "--events.webhook-secrets", ",".join(SECRETS))
    found = {}
    for role in ROLES:
        result = run("keys", "create", "--role", role, "--store", service.store)
        assert result.returncode == 0, result.stderr
        found[role] = max(re.findall(r"[A-Za-z0-9_.\-]{20,}", result.stdout), key=len)
    service.key = found["admin"]
    service.http = service.session()
    service.start()
    service.publish()
    yield service, found
    service.kill()


def knock(service, method, path, body=b"", headers=None, key=None, **options):
    """A call without the admin's key: with another, a signature, or nothing."""
    session = service.session()
    session.headers.pop("Authorization", None)
    credentials = {"Authorization": f"Bearer {key}"} if key else {}
    return session.request(method, service.url(path), data=body, headers={**(headers or {}), **credentials}, timeout=30,
                           **options)


def attach():
    return new_event(ATTACH, {"subscriber": {"msisdn": next(NUMBERS)}, "visitedNetwork": network(FR)})


def post_event(service, event, headers, content_type=STRUCTURED):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return knock(service, "POST", "/v1/events", body, {"Content-Type": content_type, **headers})


def messages(service, msisdn):
    return service.items("/v1/notifications", msisdn=msisdn)


# ---- signed events


@pytest.mark.parametrize("secret", SECRETS, ids=["first secret", "second secret"])
def test_a_signature_stands_for_the_key(keys, secret):
    service, _ = keys
    event = attach()
    response = post_event(service, event, signed(secret, json.dumps(event).encode(), event["id"]))
    assert response.status_code == 200, response.text
    assert response.json()["results"][0]["outcome"] == "welcomed"


def test_a_batch_may_be_signed(keys):
    service, _ = keys
    body = json.dumps([attach(), attach()]).encode()
    response = post_event(service, body, signed(SECRETS[0], body), BATCH)
    assert response.status_code == 200, response.text
    assert [result["outcome"] for result in response.json()["results"]] == ["welcomed"] * 2


@pytest.mark.parametrize("extra", ["v1a,{0} ", "v2,{0} ", "v1,{0} ", "v1,%%% ", "v1, "], ids=repr)
def test_one_good_signature_of_a_list_is_enough(keys, extra):
    service, _ = keys
    body = json.dumps(attach()).encode()
    headers = signed(SECRETS[0], body)
    wrong = signature(new_secret(), "msg_x", 1, b"").removeprefix("v1,")
    headers["webhook-signature"] = extra.format(wrong) + headers["webhook-signature"]
    assert post_event(service, body, headers).status_code == 200


@pytest.mark.parametrize("aside", [-240, 240], ids=["behind", "ahead"])
def test_clocks_may_differ_a_little(keys, aside):
    service, _ = keys
    body = json.dumps(attach()).encode()
    assert post_event(service, body, signed(SECRETS[0], body, timestamp=int(time.time()) + aside)).status_code == 200


def spoil(headers, **changes):
    changed = {**headers, **{f"webhook-{name}": value for name, value in changes.items()}}
    return {name: value for name, value in changed.items() if value is not None}


def resigned(body, timestamp):
    """Signed well, but with a timestamp that is none or not of now."""
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(SECRETS[0], "msg_1", timestamp, body)}


BAD = {
    "another secret": lambda body: signed(new_secret(), body),
    "another body": lambda body: signed(SECRETS[0], body + b" "),
    "another id": lambda body: spoil(signed(SECRETS[0], body), id="msg_other"),
    "another timestamp": lambda body: spoil(signed(SECRETS[0], body), timestamp=str(int(time.time()) - 7)),
    "ten minutes old": lambda body: resigned(body, int(time.time()) - 600),
    "ten minutes ahead": lambda body: resigned(body, int(time.time()) + 600),
    "of the epoch": lambda body: resigned(body, 0),
    "in milliseconds": lambda body: resigned(body, int(time.time() * 1000)),
    "a timestamp that is none": lambda body: resigned(body, "yesterday"),
    "a timestamp with a fraction": lambda body: resigned(body, f"{int(time.time())}.5"),
    "a huge timestamp": lambda body: resigned(body, "9" * 30),
    "no signature": lambda body: spoil(signed(SECRETS[0], body), signature=None),
    "no id": lambda body: spoil(signed(SECRETS[0], body), id=None),
    "no timestamp": lambda body: spoil(signed(SECRETS[0], body), timestamp=None),
    "an empty signature": lambda body: spoil(signed(SECRETS[0], body), signature=""),
    "a bare version": lambda body: spoil(signed(SECRETS[0], body), signature="v1,"),
    "no version": lambda body: spoil(signed(SECRETS[0], body),
                                     signature=signed(SECRETS[0], body)["webhook-signature"].removeprefix("v1,")),
    "an unknown version": lambda body: spoil(
        signed(SECRETS[0], body), signature=signature(SECRETS[0], "msg_1", 1, body).replace("v1,", "v1a,")),
    "a signature cut short": lambda body: (lambda headers: spoil(
        headers, signature=headers["webhook-signature"][:-8]))(signed(SECRETS[0], body)),
    "nothing at all": lambda body: {},
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_signature_opens_nothing(keys, how):
    service, _ = keys
    event = attach()
    response = post_event(service, event, BAD[how](json.dumps(event).encode()))
    assert_problem(response, 401)
    assert messages(service, event["data"]["subscriber"]["msisdn"]) == []


@pytest.mark.parametrize("how", ["another secret", "ten minutes old", "nothing at all"])
def test_a_refused_sender_is_told_how_to_show_who_it_is(keys, how):
    service, _ = keys
    event = attach()
    response = post_event(service, event, BAD[how](json.dumps(event).encode()))
    assert "WWW-Authenticate" in response.headers  # RFC 9110 wants it with every 401


def test_a_signed_request_sent_again_is_a_duplicate(keys):
    service, _ = keys
    event = attach()
    headers = signed(SECRETS[0], json.dumps(event).encode(), event["id"])
    outcomes = [post_event(service, event, headers).json()["results"][0]["outcome"] for _ in range(3)]
    assert outcomes == ["welcomed", "duplicate", "duplicate"]
    assert len(messages(service, event["data"]["subscriber"]["msisdn"])) == 1


def test_a_signed_event_is_read_as_strictly_as_any_other(keys):
    service, _ = keys
    event = {**attach(), "id": 17}
    assert_problem(post_event(service, event, signed(SECRETS[0], json.dumps(event).encode())), 400, "id")


def test_a_key_still_serves_without_a_signature(keys):
    service, found = keys
    body = json.dumps(attach()).encode()
    response = knock(service, "POST", "/v1/events", body, {"Content-Type": STRUCTURED}, found["platform"])
    assert response.status_code == 200, response.text


OTHER_DOORS = [("GET", "/v1/subscribers/+447700900801", b""), ("PUT", "/v1/subscribers/+447700900801", b"{}"),
               ("GET", "/v1/subscribers/+447700900801/timeline", b""),
               ("GET", "/v1/confirmations?msisdn=%2B447700900801", b""),
               ("POST", "/v1/confirmations/q-1", b'{"choice":"extend","by":"care","actor":"a"}'),
               ("GET", "/v1/notifications", b""), ("POST", "/v1/tariffs/versions", TABLE.encode()),
               ("POST", "/v1/sms/inbound", b'{"from":"+447700900801","to":"1","text":"YES","id":"m"}'),
               ("GET", "/v1/sms/dlr?id=n-1&status=1", b""), ("GET", "/v1/events/rejected", b""),
               ("GET", "/v1/holds", b""),
               ("PUT", "/v1/camara/subscriptions/s-1", b'{"msisdn":"+447700900801"}')]


@pytest.mark.parametrize("method, path, body", OTHER_DOORS, ids=[f"{method} {path}" for method, path, _ in OTHER_DOORS])
def test_a_signature_opens_no_door_but_those_for_events(keys, method, path, body):
    service, _ = keys
    headers = {"Content-Type": "text/csv" if "tariffs" in path else "application/json", **signed(SECRETS[0], body)}
    assert knock(service, method, path, body, headers).status_code == 401


def test_the_log_holds_no_secret_and_no_signature(keys):
    service, found = keys
    body = json.dumps(attach()).encode()
    headers = signed(SECRETS[0], body)
    post_event(service, body, headers)
    post_event(service, body, spoil(headers, id="msg_wrong"))
    for secret in [*SECRETS, *(known.removeprefix("whsec_") for known in SECRETS), *found.values()]:
        assert secret not in service.log()


# ---- CAMARA's and the core network's doors


def camara_event(msisdn):
    return {"id": str(uuid.uuid4()), "source": "https://notify.example.com", "specversion": "1.0",
            "type": "org.camaraproject.device-roaming-status-subscriptions.v0.roaming-status", "time": rfc3339(now()),
            "data": {"subscriptionId": str(uuid.uuid4()), "device": {"phoneNumber": msisdn}, "roaming": True,
                     "countryCode": 208, "countryName": ["FR"]}}


def monitoring_report(msisdn):
    return {"subscription": "https://scef.example.com/subscriptions/1", "monitoringEventReports": [{
        "monitoringType": "ROAMING_STATUS", "msisdn": msisdn.lstrip("+"), "roamingStatus": True, "plmnId": network(FR),
        "eventTime": rfc3339(now())}]}


def ee_report(msisdn):
    return [{"referenceId": 1, "eventType": "ROAMING_STATUS", "timeStamp": rfc3339(now()),
             "gpsi": f"msisdn-{msisdn.lstrip('+')}", "report": {"roaming": True, "newServingPlmn": network(FR)}}]


DOORS = {"/camara/notifications": (camara_event, STRUCTURED),
         "/3gpp/monitoring-events": (monitoring_report, "application/json"),
         "/3gpp/ee-notifications": (ee_report, "application/json")}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("who, status", [("platform", 204), ("admin", 204), ("gateway", 403), ("care", 403),
                                         ("product", 403), ("nobody", 401), ("a stranger", 401)])
def test_who_may_send_events_may_send_them_in_any_dialect(keys, door, who, status):
    service, found = keys
    make, content_type = DOORS[door]
    msisdn = next(NUMBERS)
    key = {"nobody": None, "a stranger": "rg_" + "0" * 43}.get(who, found.get(who))
    response = knock(service, "POST", door, json.dumps(make(msisdn)).encode(), {"Content-Type": content_type}, key)
    assert response.status_code == status, response.text
    assert len(messages(service, msisdn)) == (1 if status == 204 else 0)
    if status != 204 and "camara" in door:
        assert response.headers["Content-Type"].startswith("application/json")
        problem = response.json()
        assert problem["status"] == status
        assert problem["code"] == {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}[status]
        assert problem["message"]
    elif status != 204:
        assert response.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("door", DOORS)
def test_a_signature_opens_every_door_for_events(keys, door):
    service, _ = keys
    make, content_type = DOORS[door]
    msisdn = next(NUMBERS)
    body = json.dumps(make(msisdn)).encode()
    response = knock(service, "POST", door, body, {"Content-Type": content_type, **signed(new_secret(), body)})
    assert response.status_code == 401
    response = knock(service, "POST", door, body, {"Content-Type": content_type, **signed(SECRETS[1], body)})
    assert response.status_code == 204, response.text
    assert len(messages(service, msisdn)) == 1


def test_camaras_refusal_echoes_the_correlator(keys):
    service, _ = keys
    body = json.dumps(camara_event("+447700900899")).encode()
    headers = {"Content-Type": STRUCTURED, "x-correlator": "c-4821"}
    response = knock(service, "POST", "/camara/notifications", body, headers)
    assert response.status_code == 401
    assert response.headers["x-correlator"] == "c-4821"


@pytest.mark.parametrize("who, status", [("nobody", 401), ("a stranger", 401), ("gateway", 403), ("product", 403)])
def test_where_a_customer_is_is_told_to_few(keys, who, status):
    service, found = keys
    key = {"nobody": None, "a stranger": "rg_" + "0" * 43}.get(who, found.get(who))
    body = json.dumps({"device": {"phoneNumber": "+447700900898"}}).encode()
    headers = {"Content-Type": "application/json"}
    response = knock(service, "POST", "/device-roaming-status/v1/retrieve", body, headers, key)
    assert response.status_code == status
    assert response.json()["code"] == {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}[status]


# ---- SMS gateways


SMS = [("GET", "/v1/sms/inbound?from=%2B447700900897&to=4747&text=HELP&id={id}", b"", 200),
       ("POST", "/v1/sms/inbound", b'{"from":"+447700900897","to":"4747","text":"HELP","id":"{id}"}', 200),
       ("GET", "/v1/sms/dlr?id=n-unknown&status=1", b"", 404),
       ("POST", "/v1/sms/dlr", b'{"id":"n-unknown","status":"delivered"}', 404)]


@pytest.mark.parametrize("method, path, body, good", SMS, ids=[f"{method} {path[:15]}" for method, path, *_ in SMS])
@pytest.mark.parametrize("way, status", [("gateway by Bearer", None), ("gateway by Basic", None),
                                         ("admin by Basic", None), ("platform by Basic", 403), ("care by Bearer", 403),
                                         ("stranger by Basic", 401), ("gateway as user", 401), ("nobody", 401)])
def test_a_gateways_key_comes_by_bearer_or_as_basic_password(keys, method, path, body, good, way, status):
    service, found = keys
    who, _, how = way.partition(" ")
    key = found.get(who, "rg_" + "0" * 43)
    identity = uuid.uuid4().hex
    options = {"by Bearer": {"key": key}, "by Basic": {"auth": ("kannel", key)}, "as user": {"auth": (key, "kannel")}}
    response = knock(service, method, path.replace("{id}", identity), body.replace(b"{id}", identity.encode()),
                     {"Content-Type": "application/json"} if body else {}, **options.get(how, {}))
    assert response.status_code == (status or good), response.text
    if status == 401:
        assert "WWW-Authenticate" in response.headers


@pytest.mark.parametrize("words", ["", "=", "====", "========", "=" * 1024, "A===", "AA=A", "Og", "OnJnXw", "Og==\t",
                                   "!!!!", "Og==" * 300, "a2FubmVs"], ids=lambda words: words[:12] or "none")
def test_basic_credentials_that_are_none_are_refused_like_a_wrong_key(keys, words):
    service, _ = keys
    response = knock(service, "GET", "/v1/sms/dlr?id=n-unknown&status=1", b"", {"Authorization": f"Basic {words}"})
    assert response.status_code == 401, response.text


@pytest.mark.parametrize("path", ["/v1/events", "/v1/confirmations?msisdn=%2B447700900897", "/v1/notifications"])
def test_basic_opens_no_door_but_those_for_sms(keys, path):
    service, found = keys
    method = "POST" if path == "/v1/events" else "GET"
    body = json.dumps(attach()).encode() if method == "POST" else b""
    response = knock(service, method, path, body, {"Content-Type": STRUCTURED}, auth=("kannel", found["admin"]))
    assert response.status_code == 401


def test_a_gateway_answers_for_a_customer_who_is_held(keys):
    service, found = keys
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    response = knock(service, "POST", "/v1/sms/inbound", json.dumps(
        {"from": customer.msisdn, "to": "4747", "text": "1", "id": uuid.uuid4().hex}).encode(),
        {"Content-Type": "application/json"}, auth=("kannel", found["gateway"]))
    assert response.json()["outcome"] == "confirmed"
    assert customer.peek()["data"] == "allowed"
