"""Caps as policy counters: 3GPP TS 29.594, with a policy function (PCF) that hears of every change."""

import itertools
import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from blackbox import FR, megabytes, monthly, now, rfc3339, run, wait_for

SUBSCRIPTIONS = "/nchf-spendinglimitcontrol/v1/subscriptions"
_imsi = itertools.count(1)


class Pcf:
    """A policy function's callbacks. What it accepted is in `heard`: (path, body) in order of arrival."""

    def __init__(self):
        self.heard, self.refused, self.answer = [], 0, 204
        pcf = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if pcf.answer == 204:
                    assert self.headers["Content-Type"].split(";")[0] == "application/json"
                    pcf.heard.append((self.path, json.loads(body)))
                else:
                    pcf.refused += 1
                self.send_response(pcf.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def uri(self, path="/sl"):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def told(self, path="/sl", counter="monthly"):
        """The statuses of one counter, as they arrived at {notifUri}/notify."""
        return [body["statusInfos"][counter]["currentStatus"] for at, body in list(self.heard)
                if at == path + "/notify" and counter in body["statusInfos"]]

    def hears(self, *expected, path="/sl", counter="monthly", seconds=15):
        wait_for(lambda: len(self.told(path, counter)) >= len(expected), seconds,
                 f"{expected} at {path}, after {self.told(path, counter)}")
        assert self.told(path, counter) == list(expected)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def pcf():
    pcf = Pcf()
    yield pcf
    pcf.close()


def roamer(service, **profile):
    """A customer with an IMSI of its own and, unless said otherwise, the monthly cap of 10.00."""
    imsi = f"23415{next(_imsi):010}"
    customer = service.customer(**{"imsi": imsi, "caps": [monthly()], **profile})
    customer.supi = f"imsi-{imsi}"
    return customer


def context(customer, pcf, path="/sl", **more):
    return {"supi": customer.supi, "notifUri": pcf.uri(path), **more}


def subscribe(service, body):
    response = service.post(SUBSCRIPTIONS, json=body)
    assert response.status_code == 201, response.text
    location = response.headers["Location"]
    assert location.startswith(SUBSCRIPTIONS + "/")
    return location, response.json()


def statuses(status):
    assert all(info["policyCounterId"] == name for name, info in status["statusInfos"].items())
    return {name: info["currentStatus"] for name, info in status["statusInfos"].items()}


# ---- subscribing


def test_a_subscription_answers_with_the_status_at_once(service, pcf):
    customer = roamer(service, caps=[monthly(), monthly("20.00", id="yearly")])
    customer.usage(megabytes(8), FR)
    _, status = subscribe(service, context(customer, pcf, notifId="corr-7", supportedFeatures="1", unknown=[1]))
    assert statuses(status) == {"monthly": "warning", "yearly": "active"}
    assert (status["supi"], status["notifId"]) == (customer.supi, "corr-7")
    assert pcf.heard == []


@pytest.mark.parametrize("name", ["msisdn", "extid"])
def test_a_subscriber_may_be_named_by_gpsi(service, pcf, name):
    customer = roamer(service, id=f"line-{name}@operator.test")
    gpsi = {"msisdn": "msisdn-" + customer.msisdn[1:], "extid": f"extid-line-{name}@operator.test"}[name]
    _, status = subscribe(service, {"gpsi": gpsi, "notifUri": pcf.uri()})
    assert statuses(status) == {"monthly": "active"}
    assert status["supi"] == customer.supi


def test_a_caller_by_number_counts_before_one_by_imsi(service, pcf):
    by_imsi = roamer(service)
    by_number = roamer(service, caps=[monthly(id="own")])
    _, status = subscribe(service, context(by_imsi, pcf, gpsi="msisdn-" + by_number.msisdn[1:]))
    assert statuses(status) == {"own": "active"}


# ---- every change


def test_each_change_is_told_with_its_word(service, pcf):
    customer = roamer(service)
    subscribe(service, context(customer, pcf, notifId="corr-8"))
    customer.usage(megabytes(5), FR)
    customer.usage(megabytes(3), FR)
    pcf.hears("warning")
    customer.usage(megabytes(2), FR)
    pcf.hears("warning", "exhausted")
    customer.answer("extend")  # 10.00 of 15.00
    pcf.hears("warning", "exhausted", "active")
    assert all((body["supi"], body["notifId"]) == (customer.supi, "corr-8") for _, body in pcf.heard)
    assert customer.verified()
    assert "policy_status" in json.dumps(customer.timeline())


def test_consent_to_little_leaves_a_warning(service, pcf):
    customer = roamer(service, caps=[monthly(extension="2.00")])
    customer.usage(megabytes(10), FR)
    _, status = subscribe(service, context(customer, pcf))
    assert statuses(status) == {"monthly": "exhausted"}
    customer.answer("extend")  # 10.00 of 12.00
    pcf.hears("warning")


def test_a_hold_that_sleeps_at_home_is_none(service, pcf):
    customer = roamer(service)
    customer.usage(megabytes(10), FR)
    _, status = subscribe(service, context(customer, pcf))
    assert statuses(status) == {"monthly": "exhausted"}
    customer.home()
    pcf.hears("warning")
    customer.attach(FR)
    pcf.hears("warning", "exhausted")


def test_a_cap_that_only_notifies_is_never_exhausted(service, pcf):
    customer = roamer(service, caps=[monthly(atLimit="notify")])
    subscribe(service, context(customer, pcf))
    customer.usage(megabytes(12), FR)
    pcf.hears("warning")


def test_a_changed_limit_is_told_and_a_counter_that_is_gone_is_told_as_unused(service, pcf):
    customer = roamer(service)
    subscribe(service, context(customer, pcf))
    customer.usage(megabytes(10), FR)
    pcf.hears("exhausted")
    customer.change(caps=[monthly("50.00")])
    pcf.hears("exhausted", "active")
    customer.change(caps=[monthly("10.00")])
    pcf.hears("exhausted", "active", "exhausted")
    customer.change(caps=[monthly(id="texts", services=["sms_mo"])])
    pcf.hears("exhausted", "active", "exhausted", "active")
    assert pcf.told(counter="texts") == ["active"]


# ---- changing and ending


def test_an_update_narrows_what_is_told(service, pcf):
    customer = roamer(service, caps=[monthly(id="a"), monthly("20.00", id="b")])
    location, status = subscribe(service, context(customer, pcf))
    assert set(statuses(status)) == {"a", "b"}
    body = context(customer, pcf, "/moved", policyCounterIds=["b"], expiry=rfc3339(now() + timedelta(hours=1)))
    response = service.put(location, json=body)
    assert response.status_code == 200, response.text
    assert statuses(response.json()) == {"b": "active"}
    assert response.json()["expiry"]
    customer.usage(megabytes(8), FR)  # 80 % of a: of no interest any more
    customer.usage(megabytes(8), FR)
    pcf.hears("warning", path="/moved", counter="b")
    assert [at for at, _ in pcf.heard] == ["/moved/notify"]
    assert pcf.told("/moved", "a") == []


def test_nothing_is_told_after_the_end(service, pcf):
    customer = roamer(service)
    location, _ = subscribe(service, context(customer, pcf, "/ended"))
    subscribe(service, context(customer, pcf, "/stays"))
    response = service.delete(location)
    assert (response.status_code, response.content) == (204, b"")
    customer.usage(megabytes(8), FR)
    pcf.hears("warning", path="/stays")
    assert pcf.told("/ended") == []
    for gone in (service.delete(location), service.put(location, json=context(customer, pcf))):
        assert (gone.status_code, gone.json()["cause"]) == (404, "SUBSCRIPTION_NOT_FOUND")


def test_erasure_ends_the_subscription_and_says_so(service, pcf):
    customer = roamer(service)
    location, _ = subscribe(service, context(customer, pcf, notifId="corr-9"))
    assert service.delete(customer.path).status_code == 204
    wait_for(lambda: pcf.heard, what="the end")
    assert pcf.heard == [("/sl/terminate", {"supi": customer.supi, "notifId": "corr-9",
                                            "termCause": "REMOVED_SUBSCRIBER"})]
    assert service.put(location, json=context(customer, pcf)).status_code == 404


def test_an_expired_subscription_is_forgotten(service, pcf):
    customer = roamer(service)
    location, _ = subscribe(service, context(customer, pcf, expiry=rfc3339(now() + timedelta(seconds=1))))
    subscribe(service, context(customer, pcf, "/stays"))
    time.sleep(1.1)
    customer.usage(megabytes(8), FR)
    pcf.hears("warning", path="/stays")
    assert pcf.told() == []
    assert service.delete(location).status_code == 404


# ---- a policy function that is away


def test_a_policy_function_that_was_down_hears_the_newest_and_nothing_older_after_it(service, pcf):
    customer = roamer(service)
    pcf.answer = 503
    subscribe(service, context(customer, pcf))
    customer.usage(megabytes(8), FR)
    wait_for(lambda: pcf.refused, what="a first attempt")
    customer.usage(megabytes(2), FR)
    customer.answer("extend")
    pcf.answer = 204
    wait_for(lambda: pcf.told()[-1:] == ["active"], 60, "the newest status")
    time.sleep(2)
    assert pcf.told()[-1] == "active"
    assert "warning" not in pcf.told()


def test_a_dead_policy_function_does_not_keep_another_from_hearing(service, pcf):
    customer = roamer(service)
    dead = Pcf()
    dead.answer = 503
    subscribe(service, context(customer, dead))
    subscribe(service, context(customer, pcf))
    customer.usage(megabytes(8), FR)
    wait_for(lambda: dead.refused, what="a first attempt")
    customer.usage(megabytes(2), FR)
    wait_for(lambda: pcf.told()[-1:] == ["exhausted"], what="the living one")
    assert pcf.told() == ["warning", "exhausted"]
    dead.close()


def test_a_subscription_outlives_a_crash(start, pcf):
    service = start()
    service.publish()
    customer = roamer(service)
    location, _ = subscribe(service, context(customer, pcf))
    service.kill()
    service.start()
    customer.usage(megabytes(8), FR)
    pcf.hears("warning")
    assert service.delete(location).status_code == 204


# ---- words by configuration


def test_the_status_words_are_the_operators(start, pcf):
    service = start("--nchf.statuses", "0=plenty,50=half,held=stop")
    service.publish()
    customer = roamer(service)
    _, status = subscribe(service, context(customer, pcf))
    assert statuses(status) == {"monthly": "plenty"}
    customer.usage(megabytes(5), FR)
    pcf.hears("half")
    customer.usage(megabytes(5), FR)
    pcf.hears("half", "stop")


@pytest.mark.parametrize("words", ["80=warning,held=exhausted", "0=active", "0=a,50=b,20=c,held=d", "nonsense"])
def test_wrong_status_words_are_refused_by_name(words):
    result = run("check-config", "--nchf.statuses", words)
    assert result.returncode != 0
    assert "nchf.statuses" in result.stderr + result.stdout


# ---- refusals

NOBODY = "imsi-999999999999999"


@pytest.mark.parametrize("change, cause, pointer", [
    ({"supi": None}, "MANDATORY_IE_MISSING", "/supi"),
    ({"notifUri": None}, "MANDATORY_IE_MISSING", "/notifUri"),
    ({"supi": 5}, "MANDATORY_IE_INCORRECT", "/supi"),
    ({"supi": "imsi-12ab"}, "MANDATORY_IE_INCORRECT", "/supi"),
    ({"supi": ""}, "MANDATORY_IE_INCORRECT", "/supi"),
    ({"gpsi": "msisdn-+447700900000"}, "MANDATORY_IE_INCORRECT", "/gpsi"),
    ({"notifUri": "ftp://pcf.test/sl"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http:///sl"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://user:secret@pcf.test/sl"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://pcf.test/sl?a=b"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://pcf.test/sl#a"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://pcf.test/s l"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://pcf.test:0/sl"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://pcf.test:65536/sl"}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"notifUri": "http://pcf.test/" + "a" * 1024}, "MANDATORY_IE_INCORRECT", "/notifUri"),
    ({"policyCounterIds": []}, "OPTIONAL_IE_INCORRECT", "/policyCounterIds"),
    ({"policyCounterIds": "monthly"}, "OPTIONAL_IE_INCORRECT", "/policyCounterIds"),
    ({"policyCounterIds": ["monthly", 4]}, "OPTIONAL_IE_INCORRECT", "/policyCounterIds/1"),
    ({"expiry": "tomorrow"}, "OPTIONAL_IE_INCORRECT", "/expiry"),
    ({"expiry": "2020-01-01T00:00:00Z"}, "OPTIONAL_IE_INCORRECT", "/expiry"),
    ({"notifId": 7}, "OPTIONAL_IE_INCORRECT", "/notifId"),
    ({"policyCounterIds": ["monthly", "nightly"]}, "UNKNOWN_POLICY_COUNTERS", "/policyCounterIds/1"),
    ({"supi": NOBODY}, "USER_UNKNOWN", None),
])
def test_a_refusal_names_the_standards_cause_and_the_attribute(service, pcf, change, cause, pointer):
    customer = roamer(service)
    body = {name: value for name, value in {**context(customer, pcf), **change}.items() if value is not None}
    response = service.post(SUBSCRIPTIONS, json=body)
    problem = assert_cause(response, 400, cause)
    assert [entry["param"] for entry in problem.get("invalidParams", [])] == ([pointer] if pointer else [])
    assert all(entry["reason"] for entry in problem.get("invalidParams", []))
    assert "secret" not in response.text and NOBODY not in response.text


def assert_cause(response, status, cause):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem = response.json()
    assert (problem["status"], problem["cause"]) == (status, cause)
    assert problem["title"] and len(problem["detail"]) > 5
    return problem


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', '{"supi":"a","supi":"b"}'])
def test_what_is_no_json_object_is_refused(service, body):
    assert_cause(service.post(SUBSCRIPTIONS, data=body), 400, "INVALID_MSG_FORMAT")


def test_a_subscriber_without_caps_has_no_counters(service, pcf):
    customer = roamer(service, caps=[])
    assert_cause(service.post(SUBSCRIPTIONS, json=context(customer, pcf)), 400, "NO_AVAILABLE_POLICY_COUNTERS")


def test_a_subscription_keeps_its_subscriber(service, pcf):
    first, second = roamer(service), roamer(service)
    location, _ = subscribe(service, context(first, pcf))
    problem = assert_cause(service.put(location, json=context(second, pcf)), 400, "OPTIONAL_IE_INCORRECT")
    assert problem["invalidParams"][0]["param"] == "/supi"


def test_a_subscriber_has_at_most_32_subscriptions(service, pcf):
    customer = roamer(service)
    locations = {subscribe(service, context(customer, pcf))[0] for _ in range(32)}
    assert len(locations) == 32
    assert_cause(service.post(SUBSCRIPTIONS, json=context(customer, pcf)), 403, "INSUFFICIENT_RESOURCES")
    assert service.delete(locations.pop()).status_code == 204
    subscribe(service, context(customer, pcf))
