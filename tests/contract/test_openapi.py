"""The service describes itself truly: its document is linted, and every operation in it is called and held to it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

from blackbox import (ATTACH, BATCH, BE, FR, JP, ROOT, STRUCTURED, TABLE, Service, megabytes, money, monthly,
                      network, new_event, now, rfc3339, run, wait_for)

NPM = ROOT / "tests" / "npm"
REDOCLY = NPM / "node_modules" / ".bin" / "redocly"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
CAMARA_TYPE = "org.camaraproject.device-roaming-status-subscriptions.v0.roaming-change-country"
NCHF = "/nchf-spendinglimitcontrol/v1/subscriptions"


@pytest.fixture(scope="module")
def document(service):
    response = service.get("/openapi.json")
    assert response.status_code == 200
    return response.json()


def operations(document):
    """(path, method, operation) of every operation that the service answers."""
    return [(path, method, operation) for path, item in document["paths"].items()
            for method, operation in item.items() if method in METHODS]


def operation_of(document, operation_id):
    return next(entry for entry in operations(document) if entry[2]["operationId"] == operation_id)


# ---- holding an answer to the document

def resolved(document, part):
    while "$ref" in part:
        target = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        part = {**target, **{name: value for name, value in part.items() if name != "$ref"}}
    return part


def undeclared(document, schema, value, at=""):
    """Members of an answer that the schema does not speak of."""
    schema = resolved(document, schema)
    for one in schema.get("oneOf", []) + schema.get("anyOf", []):
        if Draft202012Validator({**one, "components": document["components"]}).is_valid(value):
            yield from undeclared(document, one, value, at)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from undeclared(document, schema.get("items", {}), item, f"{at}/{index}")
    if isinstance(value, dict):
        members, others = schema.get("properties"), schema.get("additionalProperties")
        for name, item in value.items():
            if members and name in members:
                yield from undeclared(document, members[name], item, f"{at}/{name}")
            elif isinstance(others, dict):
                yield from undeclared(document, others, item, f"{at}/{name}")
            elif members:
                yield f"{at}/{name}"


def assert_declared(document, operation, response, explicit=False):
    """The status stands in the document, and the body is what stands there with it."""
    answers = operation["responses"]
    status = str(response.status_code)
    what = f"{operation['operationId']} answered {status}: {response.text[:1000]}"
    assert status in answers or not explicit, f"{what}, which is not declared"
    answer = resolved(document, answers.get(status, answers["default"]))
    for name in answer.get("headers", {}):
        assert name in response.headers or (status, name) == ("401", "WWW-Authenticate"), f"{what}, without {name}"
    content = answer.get("content")
    if not content:
        assert not response.content, what
        return
    media = response.headers["Content-Type"].split(";")[0]
    assert media in content, f"{what}, as {media}"
    if media.endswith("json"):
        schema = content[media]["schema"]
        body = response.json()
        validator = Draft202012Validator({**schema, "components": document["components"]})
        faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in validator.iter_errors(body)]
        assert not faults, f"{what}\n" + "\n".join(faults)
        if operation["operationId"] != "openapi":
            assert not list(undeclared(document, schema, body)), what


# ---- how each operation is called: what it needs, and one or more answers to good input

CALLS = {}


def call(function):
    CALLS[function.__name__] = function
    return function


def at_the_limit(service):
    """A customer whose cap is reached in France and who has been asked."""
    customer = service.customer(caps=[monthly("10.00")])
    customer.attach(FR)
    assert customer.usage(megabytes(12), FR)["data"] == "held"
    return customer


@call
def sendEvents(service):
    customer = service.customer(caps=[monthly()])
    attach, usage = customer.attach_event(FR), customer.usage_event(megabytes(2), session="s-1")
    yield service.send(attach)
    yield service.send([usage, customer.event("no.such.type", {})], BATCH)
    binary = {f"ce-{name}": attach[name] for name in ("id", "source", "type", "specversion", "time")}
    yield service.post("/v1/events", json=attach["data"], headers=binary)
    yield service.send(new_event(ATTACH, {"subscriber": {"imsi": "440100000000001"}, "visitedNetwork": network(JP)}))


@call
def askToSendEvents(service):
    yield service.call("OPTIONS", "/v1/events", headers={"WebHook-Request-Origin": "hss.example.com"})


@call
def listRejectedEvents(service):
    assert service.send({"specversion": "1.0"}).status_code == 400
    response = service.get("/v1/events/rejected")
    assert response.json()["items"]
    yield response
    yield service.get("/v1/events/rejected", params={"limit": 1})


@call
def listBillingMismatches(service):
    customer = service.customer()
    customer.attach(FR)
    customer.usage(megabytes(3), FR, session="s-1", charged=money("9.00"))
    response = service.get("/v1/billing/mismatches")
    assert response.json()["items"]
    yield response


@call
def listUnpricedUsage(service):
    customer = service.customer()
    customer.attach(JP)
    customer.usage(60, JP, service="voice_mo", called="home")
    response = service.get("/v1/billing/unpriced")
    assert response.json()["items"]
    yield response


@call
def authorize(service):
    asked = {"service": "data", "session": "s-1", "requested": megabytes(4)}
    customer = service.customer(caps=[monthly("10.00")])
    customer.attach(FR)
    yield service.post("/v1/authorizations", json={**asked, "subscriber": {"msisdn": customer.msisdn}})
    customer = at_the_limit(service)
    response = service.post("/v1/authorizations", json={**asked, "subscriber": {"msisdn": customer.msisdn}})
    assert response.json()["confirmation"]
    yield response


@call
def listHolds(service):
    customer = at_the_limit(service)
    response = service.get("/v1/holds", params={"limit": 500})
    assert customer.msisdn in [item["subscriber"]["msisdn"] for item in response.json()["items"]]
    yield response


@call
def listConfirmations(service):
    customer = at_the_limit(service)
    yield service.get("/v1/confirmations", params={"msisdn": customer.msisdn})


@call
def answerConfirmation(service):
    yield at_the_limit(service).answer("extend")
    customer = service.customer(highCostPerMegabyte=money("3.00"))
    customer.attach(BE)
    yield customer.answer("decline", by="app")


def link_of(customer):
    return "/c/" + re.search(r"/c/([A-Za-z0-9_-]+)", customer.notification("confirm_cap")["text"])[1]


@call
def showQuestion(service):
    yield service.get(link_of(at_the_limit(service)))


@call
def answerByLink(service):
    yield service.post(link_of(at_the_limit(service)), data={"choice": "extend"})


@call
def listNotifications(service):
    customer = at_the_limit(service)
    response = service.get("/v1/notifications", params={"msisdn": customer.msisdn, "kind": "confirm_cap"})
    assert response.json()["items"]
    yield response
    yield service.get("/v1/notifications", params={"limit": 500})


@call
def retryNotification(service):
    """A message of a customer without a number fails, and may be tried again when there is one."""
    imsi = "234150000000777"
    service.result(new_event(ATTACH, {"subscriber": {"imsi": imsi}, "visitedNetwork": network(FR)}))
    failed = service.items("/v1/notifications", msisdn=f"imsi:{imsi}", state="failed")[0]
    service.customer(imsi=imsi)
    yield service.post(f"/v1/notifications/{failed['id']}/retry")


@call
def measureText(service):
    yield service.post("/v1/messages/measure", json={"text": "Bonjour, 5 €"})


@call
def receiveSms(service):
    customer = at_the_limit(service)
    yield service.post("/v1/sms/inbound", json={"from": customer.msisdn, "to": "80800", "text": "YES", "id": "mo-1",
                                                "receivedAt": rfc3339(now())})
    yield service.post("/v1/sms/inbound", json={"from": customer.msisdn, "text": "what?"})
    yield service.post("/v1/sms/inbound", json={"from": "+447700900999", "text": "STOP"})


@call
def receiveSmsFromKannel(service):
    customer = at_the_limit(service)
    yield service.get("/v1/sms/inbound", params={"from": customer.msisdn, "to": "80800", "text": "1", "id": "mo-2"})


def sent_message(service):
    customer = service.customer()
    customer.attach(FR)
    return wait_for(lambda: [item for item in customer.notifications("welcome") if item["state"] != "queued"],
                    what="a welcome that is sent")[0]["id"]


@call
def receiveReceipt(service):
    yield service.post("/v1/sms/dlr", json={"id": sent_message(service), "status": "delivered"})


@call
def receiveReceiptFromKannel(service):
    yield service.get("/v1/sms/dlr", params={"id": sent_message(service), "status": "1"})


@call
def putSubscriber(service):
    customer = service.stranger()
    body = {"homeCountry": "GB", "plan": "gold", "language": "en", "timeZone": "Europe/London", "kind": "person",
            "channels": ["sms"], "caps": [monthly(), {"id": "volume", "volume": "5 GB", "period": "billing-day:31"}],
            "highCostPerMegabyte": money("5.00"), "optOut": ["welcome"], "hold": True, "dataRoaming": "allowed"}
    made = service.put(customer.path, json=body)
    assert made.status_code == 201
    yield made
    yield service.put(customer.path, json=body)


@call
def patchSubscriber(service):
    yield service.customer().change(plan="gold", language=None)


@call
def getSubscriber(service):
    yield service.get(service.customer(caps=[monthly()]).path)


@call
def eraseSubscriber(service):
    yield service.delete(service.customer().path)


@call
def renumberSubscriber(service):
    yield service.post(service.customer().path + "/renumber", json={"msisdn": service.number()})


@call
def getSubscriberStatus(service):
    yield service.get(at_the_limit(service).path + "/status")
    yield service.get(service.customer(caps=[{"id": "gb", "volume": "1 GB"}]).path + "/status")


@call
def importSubscribers(service):
    lines = [json.dumps({"msisdn": service.number(), "homeCountry": "GB"}), json.dumps({"msisdn": "none"})]
    response = service.post("/v1/subscribers", data="\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
    assert (response.json()["created"], response.json()["rejected"]) == (1, 1)
    yield response


@call
def readTimeline(service):
    customer = at_the_limit(service)
    customer.answer("extend")
    yield service.get(customer.path + "/timeline")
    yield service.get(customer.path + "/timeline", params={"limit": 2})
    yield service.get(customer.path + "/timeline", params={"format": "html"})


@call
def verifyEvidence(service):
    yield service.get(service.customer().path + "/verify")


@call
def verifyTimeline(service):
    yield service.get(service.customer().path + "/timeline/verify")


@call
def resolveDestination(service):
    yield service.get("/v1/destinations/resolve", params={"mcc": "208", "mnc": "09"})
    yield service.get("/v1/destinations/resolve", params={"mcc": "228", "mnc": "01", "plan": "gold"})
    yield service.get("/v1/destinations/resolve", params={"ip": "81.2.69.160", "ipOf": "breakout", "homeCountry": "FR"})
    yield service.get("/v1/destinations/resolve", params={"mcc": "901", "mnc": "14"})


@call
def quote_(service):
    yield service.get("/v1/tariffs/quote", params={"country": "FR", "plan": "gold", "at": rfc3339(now())})
    yield service.get("/v1/tariffs/quote", params={"mcc": "901", "mnc": "14"})


def bundle():
    return {"name": "Asia week", "destinations": ["JP", "zone:nordic"], "allowance": "500 MB",
            "until": rfc3339(now() + timedelta(days=7))}


@call
def listPasses(service):
    customer = service.customer()
    for body in (bundle(), {**bundle(), "allowance": "unlimited", "used": 5}):
        assert service.put(f"/v1/subscribers/{customer.msisdn}/passes/{uuid.uuid4()}", json=body).status_code == 201
    yield service.get(f"/v1/subscribers/{customer.msisdn}/passes")


@call
def putPass(service):
    service.publish()
    path = f"/v1/subscribers/{service.customer().msisdn}/passes/b-1"
    yield service.put(path, json=bundle())
    yield service.put(path, json=bundle())


@call
def endPass(service):
    service.publish()
    path = f"/v1/subscribers/{service.customer().msisdn}/passes/b-1"
    assert service.put(path, json=bundle()).status_code == 201
    yield service.delete(path)


@call
def coverageReport(service):
    yield service.get("/v1/reports/coverage")
    yield service.get("/v1/reports/coverage", params={"since": "2026-01-01T00:00:00Z"})


@call
def uploadTariffs(service):
    yield service.upload()
    yield service.post("/v1/tariffs/versions", data="\n".join(TABLE.splitlines()[:2]),
                       headers={"Content-Type": "text/csv"})


@call
def listTariffVersions(service):
    service.publish()
    yield service.get("/v1/tariffs/versions")


@call
def getTariffVersion(service):
    yield service.get(f"/v1/tariffs/versions/{service.publish()}")


@call
def downloadTariffFile(service):
    response = service.get(f"/v1/tariffs/versions/{service.publish()}/files/tariffs.csv")
    assert response.text == TABLE
    yield response


@call
def publishTariffs(service):
    for body in ({}, {"reason": "spring prices"}):
        version = service.upload().json()["version"]
        yield service.post(f"/v1/tariffs/versions/{version}/publish", json=body)


@call
def approveTariffs(service):
    version = service.upload().json()["version"]
    assert service.post(f"/v1/tariffs/versions/{version}/approve", json={}).status_code == 403  # without keys all are one
    with tempfile.TemporaryDirectory() as folder:  # where two people have keys
        office = Service(folder)
        keys = [run("keys", "create", "--role", role, "--store", office.store).stdout.strip()
                for role in ("product", "approver")]
        office.start()
        author, approver = ({"Authorization": f"Bearer {key}"} for key in keys)
        office.post("/v1/tariffs/versions", data=TABLE.replace("zone:nordic", "SE"),
                    headers={**author, "Content-Type": "text/csv"})
        yield office.post("/v1/tariffs/versions/1/approve", json={"reason": "as contracted"}, headers=approver)
        office.kill()


@call
def rollBackTariffs(service):
    yield service.post("/v1/tariffs/rollback", json={"to": service.publish(), "reason": "a try"})


@call
def listTariffSteps(service):
    service.publish()
    yield service.get("/v1/tariffs/audit")


@call
def verifyTariffSteps(service):
    service.publish()
    yield service.get("/v1/tariffs/audit/verify")


@call
def listStepsOfTariffVersion(service):
    yield service.get(f"/v1/tariffs/versions/{service.publish()}/audit")


@call
def diffTariffs(service):
    service.publish()
    rails = "rule,plan,destination,service,value,currency,unit\nmaximum_price,*,*,data,50,GBP,MB\n"
    dearer = TABLE.replace("1.00", "1.10").replace("*,ES,data", "*,PT,data")
    parts = {"tariffs": dearer, "zones": "zone,country\nnordic,SE\n", "fx": "base,quote,rate\nGBP,EUR,1.30\n",
             "passes": "pass,plan,destination,price,currency,allowance,validity\njp-day,*,JP,6.00,GBP,500 MB,24 h\n",
             "rails": rails}
    version = service.post("/v1/tariffs/versions", files=parts).json()["version"]
    response = service.get(f"/v1/tariffs/versions/{version}/diff")
    diff = response.json()
    assert all(diff[part] for part in ("added", "removed", "changed", "zones", "fx", "passes", "guardRails"))
    yield response
    yield service.get(f"/v1/tariffs/versions/{version}/diff", params={"format": "csv"})


@call
def previewTariffs(service):
    path = f"/v1/tariffs/versions/{service.publish()}/preview"
    yield service.get(path, params={"country": "FR", "plan": "gold", "at": rfc3339(now()), "language": "de"})
    yield service.get(path, params={"class": "inflight"})


@call
def notifyRoamingStatus(service):
    customer = service.customer()
    event = new_event(CAMARA_TYPE, {"subscriptionId": "s-1", "device": {"phoneNumber": customer.msisdn},
                                    "countryCode": 208, "countryName": ["FR"]})
    yield service.post("/camara/notifications", data=json.dumps(event),
                       headers={"Content-Type": STRUCTURED, "x-correlator": "c-1"})


@call
def putCamaraSubscription(service):
    yield service.put("/v1/camara/subscriptions/s-77", json={"msisdn": service.customer().msisdn})


@call
def retrieveRoamingStatus(service):
    customer = service.customer()
    for plmn in (FR, "234-15"):
        customer.attach(plmn)
        yield service.post("/device-roaming-status/v1/retrieve", json={"device": {"phoneNumber": customer.msisdn}},
                           headers={"x-correlator": "c-2"})


@call
def notifyMonitoringEvents(service):
    report = {"monitoringType": "ROAMING_STATUS", "msisdn": service.customer().msisdn[1:], "roamingStatus": True,
              "plmnId": network(FR), "eventTime": rfc3339(now())}
    yield service.post("/3gpp/monitoring-events",
                       json={"subscription": "https://nef.example.com/7", "monitoringEventReports": [report]})


@call
def notifyEventExposure(service):
    report = {"referenceId": 11, "eventType": "ROAMING_STATUS", "gpsi": f"msisdn-{service.customer().msisdn[1:]}",
              "timeStamp": rfc3339(now()),
              "report": {"roaming": True, "newServingPlmn": network(FR), "accessType": "3GPP_ACCESS"}}
    yield service.post("/3gpp/ee-notifications", json=[report])


def subscribe(service):
    gpsi = f"msisdn-{service.customer(caps=[monthly()]).msisdn[1:]}"
    return service.post(NCHF, json={"gpsi": gpsi, "notifUri": "http://127.0.0.1:9/callbacks/7", "notifId": "n-7"})


@call
def subscribeSpendingLimits(service):
    yield subscribe(service)


@call
def changeSpendingLimits(service):
    yield service.put(subscribe(service).headers["Location"], json={"policyCounterIds": ["monthly"]})


@call
def unsubscribeSpendingLimits(service):
    yield service.delete(subscribe(service).headers["Location"])


@call
def health(service):
    yield service.get("/healthz")


@call
def liveness(service):
    yield service.get("/livez")


@call
def readiness(service):
    yield service.get("/readyz")


@call
def metrics(service):
    yield service.get("/metrics")


@call
def backUpStore(service):
    yield service.post("/v1/store/backup", json={"file": str(service.directory / f"{uuid.uuid4()}.db")})


@call
def sandbox(service):
    yield service.get("/sandbox")


@call
def openapi(service):
    yield from unchanged(service, "/openapi.json")


@call
def docs(service):
    yield from unchanged(service, "/docs")


def unchanged(service, path):
    """Whoever has it already is told so."""
    response = service.get(path)
    yield response
    again = service.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    yield again


CALLS["quote"] = CALLS.pop("quote_")


# ---- the tests

@pytest.mark.skipif(not shutil.which("node"), reason="there is no node")
def test_the_linter_has_nothing_to_say_about_the_document(service, tmp_path):
    assert REDOCLY.exists(), "run npm ci in tests/npm"
    file = tmp_path / "openapi.json"
    file.write_bytes(service.get("/openapi.json").content)
    quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
    lint = subprocess.run([str(REDOCLY), "lint", "--config", str(NPM / "redocly.yaml"), "--format", "json", str(file)],
                          capture_output=True, text=True, env=quiet, cwd=tmp_path, timeout=120, check=False)
    assert lint.stdout, lint.stderr
    problems = json.loads(lint.stdout)["problems"]
    assert [f"{one['ruleId']}: {one['message']} {one['location'][0].get('pointer')}" for one in problems] == []
    assert lint.returncode == 0, lint.stderr


def test_every_operation_answers_good_input_as_the_document_says(service, document):
    unknown = [operation["operationId"] for _, _, operation in operations(document)
               if operation["operationId"] not in CALLS]
    assert not unknown, f"this test does not know how to call {unknown}"
    answered = set()
    faults = []
    for _, _, operation in operations(document):
        try:
            for response in CALLS[operation["operationId"]](service):
                assert 200 <= response.status_code < 400, response.text
                assert_declared(document, operation, response, explicit=True)
                answered.add((operation["operationId"], str(response.status_code)))
        except AssertionError as fault:
            faults.append(f"{operation['operationId']}: {fault}")
    assert not faults, "\n\n".join(faults)
    promised = {(operation["operationId"], status) for _, _, operation in operations(document)
                for status in operation["responses"] if status[0] in "23"}
    assert promised - answered == set(), "no call led to these successes"


def test_no_call_is_known_that_the_document_does_not_list(document):
    assert set(CALLS) == {operation["operationId"] for _, _, operation in operations(document)}


def example_of(document, schema):
    schema = resolved(document, schema)
    return schema["examples"][0] if "examples" in schema else "nobody"


def address(document, path, operation):
    """The path, with the document's own examples in its parts."""
    for parameter in operation.get("parameters", []):
        parameter = resolved(document, parameter)
        if parameter["in"] == "path":
            value = str(example_of(document, parameter["schema"]))
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
    assert "{" not in path
    return path


def test_a_body_that_is_no_body_is_refused_as_the_document_says(service, document):
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        for media in operation["requestBody"]["content"]:
            response = service.call(method.upper(), address(document, path, operation), data=b"\xff{",
                                    headers={"Content-Type": media})
            if operation["operationId"] == "importSubscribers":  # each line is refused by itself
                assert response.json()["rejected"] == 1
            else:
                assert 400 <= response.status_code < 500, (media, response.text)
            assert_declared(document, operation, response, explicit=True)


def test_a_body_over_the_limit_is_refused_as_the_document_says(service, document):
    for path, method, operation in operations(document):
        limit = re.search(r"at most (\d+) bytes", operation.get("description", ""))
        assert bool(limit) == ("requestBody" in operation), operation["operationId"]
        if limit and int(limit[1]) < 1_000_000:
            media = next(iter(operation["requestBody"]["content"]))
            response = service.call(method.upper(), address(document, path, operation),
                                    data=b" " * (int(limit[1]) + 1), headers={"Content-Type": media})
            assert response.status_code == 413
            assert_declared(document, operation, response, explicit=True)


def test_what_is_not_there_and_what_is_missing_is_refused_as_the_document_says(service, document):
    seen = set()
    for path, method, operation in operations(document):
        parameters = [resolved(document, parameter) for parameter in operation.get("parameters", [])]
        required = any(parameter["in"] == "query" and parameter.get("required") for parameter in parameters)
        if "requestBody" in operation or not ("{" in path or required):
            continue
        nobody = re.sub(r"\{[a-z]+\}", "%2B447700900999", path)
        response = service.call(method.upper(), nobody)
        assert response.status_code in (404, 422), (operation["operationId"], response.text)
        assert_declared(document, operation, response, explicit=True)
        seen.add(response.status_code)
    assert seen == {404, 422}


def test_the_page_of_a_link_refuses_as_the_document_says(service, document):
    _, _, operation = operation_of(document, "answerByLink")
    link = link_of(at_the_limit(service))
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for choice, headers, status in (("fly", {}, 422), ("extend", elsewhere, 403), ("decline", {}, 200), ("extend", {}, 410)):
        response = service.post(link, data={"choice": choice}, headers=headers)
        assert response.status_code == status
        assert_declared(document, operation, response, explicit=True)
    assert_declared(document, operation_of(document, "showQuestion")[2], service.get(link), explicit=True)


def test_a_parameter_that_is_none_is_refused_as_the_document_says(service, document):
    customer = service.customer()
    version = str(service.publish())
    for path, method, operation in operations(document):
        path = path.replace("{msisdn}", quote(customer.msisdn, safe="")).replace("{n}", version)
        names = [resolved(document, parameter)["name"] for parameter in operation.get("parameters", [])]
        for name in {"limit", "cursor", "state", "mcc", "ipOf", "homeCountry", "at"} & set(names):
            response = service.call(method.upper(), path, params={"mcc": "208", name: "0x"})
            assert response.status_code in (400, 422), (operation["operationId"], name, response.text)
            assert_declared(document, operation, response, explicit=True)


def test_each_path_allows_exactly_the_methods_that_the_document_lists(service, document):
    for path, item in document["paths"].items():
        listed = {method.upper() for method in item if method in METHODS}
        other = next(method for method in ("DELETE", "PUT", "POST") if method not in listed)
        response = service.call(other, re.sub(r"\{[a-z]+\}", "1", path))
        assert response.status_code == 405, path
        assert set(response.headers["Allow"].split(", ")) == listed | ({"HEAD"} if "GET" in listed else set()), path


def test_who_may_call_is_as_the_document_says(start, document):
    service = start(run=False)
    keys = {}
    for role in ("platform", "gateway", "care", "product", "approver", "admin"):
        made = run("keys", "create", "--role", role, "--store", service.store)
        assert made.returncode == 0, made.stderr
        keys[role] = made.stdout.strip()
    service.start()
    for path, method, operation in operations(document):
        url = address(document, path, operation)
        roles = operation.get("x-roles")
        stranger = service.call(method.upper(), url)
        assert (stranger.status_code == 401) == bool(roles), operation["operationId"]
        assert bool(operation["security"]) == bool(roles)
        if not roles:
            continue
        assert_declared(document, operation, stranger, explicit=True)
        for role, key in keys.items():
            response = service.call(method.upper(), url, headers={"Authorization": f"Bearer {key}"})
            assert (response.status_code == 403) == (role not in roles), (operation["operationId"], role)
            if response.status_code == 403:
                assert_declared(document, operation, response, explicit=True)


class Page(HTMLParser):
    """Ids, links within the page, and whatever a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.ids, self.targets, self.fetched, self.links = set(), set(), [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            assert attrs["id"] not in self.ids, f"the id {attrs['id']} stands twice"
            self.ids.add(attrs["id"])
        if tag == "a":
            (self.targets.add(attrs["href"][1:]) if attrs["href"].startswith("#") else self.links.append(attrs["href"]))
        if tag in ("script", "link", "img", "iframe", "object", "embed", "form") or "src" in attrs:
            self.fetched.append(tag)


def test_the_page_names_every_operation_and_loads_nothing(service, document):
    response = service.get("/docs")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    page = Page()
    page.feed(response.text)
    for path, method, operation in operations(document):
        assert operation["operationId"] in page.ids
        assert path in response.text
    for name in document["components"]["schemas"]:
        assert f"schema-{name}" in page.ids
    assert page.targets <= page.ids
    assert page.links == ["openapi.json"]
    assert page.fetched == []
    assert not re.search(r"@import|url\(|https?://(?![a-z.]*example\.com)", response.text)


def test_what_the_service_sends_stands_in_the_document(document):
    assert {hook["post"]["operationId"] for hook in document["webhooks"].values()} == {
        "onChargeRequested", "onDataHeld", "onDataReleased", "onMessage"}
    _, _, subscribing = operation_of(document, "subscribeSpendingLimits")
    assert set(subscribing["callbacks"]) == {"statusNotification", "subscriptionTermination"}
