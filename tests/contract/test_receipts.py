"""The webhook driver for SMS and delivery receipts: what becomes of a message after it left."""

import time
import uuid

import pytest

from blackbox import FR, US, assert_problem, megabytes, monthly, wait_for
from receiver import Receiver, in_turn, is_signed, new_secret

SECRET = new_secret()
BEHAVIOUR = {}  # how the gateway answers for a number; 202 for all others


def answer(request):
    return BEHAVIOUR.get(request.json()["data"]["to"], lambda _: 202)(request)


@pytest.fixture(scope="module")
def gateway():
    receiver = Receiver(answer)
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def service(start, gateway):
    running = start("--sms.driver", "webhook", "--sms.webhook-url", gateway.url("/messages"),
                    "--sms.webhook-secret", SECRET)
    running.publish()
    return running


def to(customer):
    return lambda request: request.json()["data"]["to"] == customer.msisdn


def in_state(customer, state, kind="welcome", seconds=15):
    """The customer's one message of a kind, once it is in that state."""
    found = wait_for(lambda: [item for item in customer.notifications(kind) if item["state"] == state], seconds,
                     f"a {kind} that is {state}")
    assert len(found) == 1
    return found[0]


def welcomed(service, *answers):
    customer = service.customer(channels=["sms"])
    if answers:
        BEHAVIOUR[customer.msisdn] = in_turn(*answers)
    customer.attach(FR)
    return customer


def by_get(service, identity, status):
    return service.get("/v1/sms/dlr", params={"id": identity, "status": status})


def by_post(service, identity, status):
    return service.post("/v1/sms/dlr", json={"id": identity, "status": status})


def state_of(customer, kind="welcome"):
    return customer.notification(kind)["state"]


# ---- the webhook driver


def test_a_message_goes_out_once_as_a_signed_cloud_event(service, gateway):
    customer = welcomed(service)
    message = in_state(customer, "sent")
    [request] = gateway.that(to(customer))
    assert (request.method, request.path) == ("POST", "/messages")
    assert request.headers["Content-Type"].startswith("application/cloudevents+json")
    event = request.json()
    assert (event["specversion"], event["type"]) == ("1.0", "org.roamguard.message.v1")
    assert event["source"]
    assert request.headers["webhook-id"] == event["id"]
    assert is_signed(request, SECRET)
    assert not is_signed(request, new_secret())
    data = event["data"]
    assert {name: data[name] for name in ("id", "to", "kind", "channel", "language", "text")} == {
        "id": message["id"], "to": customer.msisdn, "kind": "welcome", "channel": "sms", "language": "en",
        "text": message["text"]}
    assert message["attempts"] == 1
    assert message["sentAt"]
    assert message["deliveredAt"] is None


def test_an_answer_that_says_delivered_is_believed(service):
    message = in_state(welcomed(service, (200, {"delivered": True})), "delivered")
    assert message["deliveredAt"]


@pytest.mark.parametrize("said", [(200, {"delivered": False}), (200, {}), (200, b"true"), (201, b"not JSON {"), 204,
                                  202, (200, {"delivered": "yes"}), (200, [True])], ids=str)
def test_any_other_good_answer_is_sent_and_not_yet_delivered(service, said):
    customer = welcomed(service, said)
    assert in_state(customer, "sent")["deliveredAt"] is None


@pytest.mark.parametrize("said", [400, 401, 403, 404, 422])
def test_a_refusal_fails_the_message_with_a_reason_and_is_not_repeated(service, gateway, said):
    customer = welcomed(service, said)
    message = in_state(customer, "failed")
    assert message["error"]
    assert customer.msisdn not in message["error"]
    assert len(gateway.that(to(customer))) == 1


@pytest.fixture(scope="module")
def troubled(service):
    """Customers whose first delivery went wrong in a way that passes, by the way."""
    ways = {"500": 500, "502": 502, "503 and Retry-After": (503, b"", {"Retry-After": "1"}),
            "429 and Retry-After": (429, b"", {"Retry-After": "1"}), "no answer": None}
    return {way: welcomed(service, first, 202) for way, first in ways.items()}


@pytest.mark.parametrize("way", ["500", "502", "503 and Retry-After", "429 and Retry-After", "no answer"])
def test_trouble_that_passes_is_tried_again_under_the_same_id(troubled, gateway, way):
    customer = troubled[way]
    message = in_state(customer, "sent", seconds=25)
    first, second = gateway.that(to(customer))
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.json()["data"] == second.json()["data"]
    assert is_signed(first, SECRET) and is_signed(second, SECRET)
    assert message["attempts"] == 2
    if "Retry-After" in way:
        assert second.at - first.at >= 0.9


def test_a_failed_message_is_sent_again_when_operations_say_so(service, gateway):
    customer = welcomed(service, 404, 202)
    message = in_state(customer, "failed")
    response = service.post(f"/v1/notifications/{message['id']}/retry")
    assert response.status_code in (200, 202, 204), response.text
    in_state(customer, "sent")
    first, second = gateway.that(to(customer))
    assert first.json()["data"]["id"] == second.json()["data"]["id"]
    assert first.json()["data"]["text"] == second.json()["data"]["text"]


def test_a_hold_waits_for_no_delivery(service):
    customer = service.customer(caps=[monthly()], channels=["sms"])
    BEHAVIOUR[customer.msisdn] = lambda _: 404
    assert customer.usage(megabytes(10), FR)["data"] == "held"
    in_state(customer, "failed", "confirm_cap")
    assert customer.peek()["data"] == "held"
    assert customer.question()["state"] == "pending"


# ---- receipts


@pytest.mark.parametrize("tell", [by_get, by_post])
@pytest.mark.parametrize("status, states", [
    ("1", {"delivered"}), ("2", {"failed"}), ("4", {"sent"}), ("8", {"sent"}), ("16", {"failed"}),
    ("34", {"expired", "failed"}), ("delivered", {"delivered"}), ("failed", {"failed"}), ("rejected", {"failed"}),
    ("expired", {"expired", "failed"}), ("buffered", {"sent"}), ("accepted", {"sent"})])
def test_a_receipt_says_what_became_of_the_message(service, tell, status, states):
    customer = welcomed(service)
    message = in_state(customer, "sent")
    assert tell(service, message["id"], status).status_code == 200
    after = customer.notification("welcome")
    assert after["state"] in states
    assert bool(after["deliveredAt"]) == (after["state"] == "delivered")
    if after["state"] in ("failed", "expired"):
        assert after["error"]


def test_a_receipt_may_give_kannels_status_as_a_number(service):
    customer = welcomed(service)
    assert by_post(service, in_state(customer, "sent")["id"], 1).status_code == 200
    assert state_of(customer) == "delivered"


@pytest.mark.parametrize("tell", [by_get, by_post])
def test_a_receipt_twice_is_one_receipt(service, tell):
    customer = welcomed(service)
    message = in_state(customer, "sent")
    tell(service, message["id"], "1")
    first = customer.notification("welcome")
    length = len(customer.timeline())
    time.sleep(0.01)
    assert tell(service, message["id"], "1").status_code == 200
    assert customer.notification("welcome") == first
    assert len(customer.timeline()) == length


@pytest.mark.parametrize("order, last", [
    (["8", "1"], "delivered"), (["1", "8"], "delivered"), (["1", "4"], "delivered"), (["4", "8", "1"], "delivered"),
    (["1", "2"], "delivered"), (["1", "16"], "delivered"), (["1", "34"], "delivered"),
    (["delivered", "failed"], "delivered"),
    (["2", "8"], "failed"), (["2", "4"], "failed"), (["8", "2"], "failed")], ids=str)
def test_receipts_out_of_order_end_in_the_same_state(service, order, last):
    customer = welcomed(service)
    identity = in_state(customer, "sent")["id"]
    for status in order:
        assert by_get(service, identity, status).status_code == 200
    assert state_of(customer) == last


def test_a_receipt_before_the_gateways_own_answer_counts(service):
    customer = service.customer(channels=["sms"])
    told = []

    def report_first(request):  # the SMSC is quicker than the gateway's answer
        told.append(service.session().get(service.url("/v1/sms/dlr"), timeout=10, params={
            "id": request.json()["data"]["id"], "status": "1"}).status_code)
        return 202

    BEHAVIOUR[customer.msisdn] = report_first
    customer.attach(FR)
    in_state(customer, "delivered")
    time.sleep(0.3)  # the answer is taken down now, and must not take the receipt back
    assert state_of(customer) == "delivered"
    assert told == [200]


@pytest.mark.parametrize("tell", [by_get, by_post])
@pytest.mark.parametrize("identity", ["n-unknown", str(uuid.uuid4()), "../../etc", "n" * 500])
def test_a_receipt_for_a_message_nobody_sent_is_not_found(service, tell, identity):
    assert_problem(tell(service, identity, "1"), 404)


@pytest.mark.parametrize("tell", [by_get, by_post])
@pytest.mark.parametrize("status", ["", "perhaps", "-1", "1.5", "DROP"])
def test_a_status_nobody_knows_changes_nothing(service, tell, status):
    customer = welcomed(service)
    response = tell(service, in_state(customer, "sent")["id"], status)
    assert_problem(response, (400, 422))
    assert state_of(customer) == "sent"


@pytest.mark.parametrize("params", [{}, {"id": "n-1"}, {"status": "1"}], ids=str)
def test_a_receipt_without_id_or_status_is_refused(service, params):
    assert_problem(service.get("/v1/sms/dlr", params=params), (400, 422))
    assert_problem(service.post("/v1/sms/dlr", json=params), (400, 422))


@pytest.mark.parametrize("body", ["{", "", "[]", "null"], ids=repr)
def test_a_receipt_of_the_wrong_form_is_refused(service, body):
    response = service.post("/v1/sms/dlr", data=body, headers={"Content-Type": "application/json"})
    assert_problem(response, (400, 422))


def test_a_receipt_stands_in_the_evidence(service):
    customer = welcomed(service)
    message = in_state(customer, "sent")
    length = len(customer.timeline())
    by_get(service, message["id"], "1")
    assert len(customer.timeline()) > length
    assert customer.verified()


def test_a_receipt_of_a_question_decides_nothing(service):
    customer = service.customer(channels=["sms"])
    customer.attach(US)
    message = in_state(customer, "sent", "confirm_destination")
    for status in ("8", "1", "2"):
        by_get(service, message["id"], status)
        assert customer.peek()["data"] == "held"
        assert customer.question()["state"] == "pending"


def test_the_token_of_a_link_leaves_only_with_the_message(service, gateway):
    customer = service.customer(channels=["sms"])
    customer.attach(US)
    message = in_state(customer, "sent", "confirm_destination")
    [request] = gateway.that(to(customer))
    text = request.json()["data"]["text"]
    for token in {word.rsplit("/c/", 1)[1] for word in text.split() if "/c/" in word}:
        assert token not in message["text"]
    assert "1 " in text and customer.question()["code"] in text


def test_the_log_holds_no_number_no_text_and_no_secret(service):
    customer = welcomed(service, 404)
    in_state(customer, "failed")
    for hidden in (customer.msisdn, customer.msisdn[1:], SECRET, SECRET.removeprefix("whsec_"), "Welcome to"):
        assert hidden not in service.log()
