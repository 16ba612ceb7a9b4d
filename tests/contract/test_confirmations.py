"""Questions and answers by app or care: choices, states, deciding once."""

import json
from datetime import datetime

import pytest

from blackbox import DE, FR, US, assert_problem, megabytes, monthly, now


def held_at_cap(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    return customer


def held_at_destination(service):
    customer = service.customer(caps=[monthly("500.00")])
    customer.attach(US)
    return customer


def post(service, identity, **body):
    return service.post(f"/v1/confirmations/{identity}", json=body)


@pytest.mark.parametrize("hold, kind, choices", [(held_at_cap, "confirm_cap", ["extend", "decline"]),
                                                 (held_at_destination, "confirm_destination", ["continue", "decline"])])
def test_a_question_offers_its_choices_in_order(service, hold, kind, choices):
    customer = hold(service)
    question = customer.question()
    assert question["kind"] == kind
    assert question["state"] == "pending"
    said = json.dumps(question["choices"])
    places = [said.index(f'"{choice}"') for choice in choices]
    assert places == sorted(places)
    for other in {"extend", "continue", "decline"} - set(choices):
        assert f'"{other}"' not in said


@pytest.mark.parametrize("by", ["app", "care"])
@pytest.mark.parametrize("hold, choice", [(held_at_cap, "extend"), (held_at_destination, "continue")])
def test_a_confirmed_answer_releases_the_hold_and_sends_a_receipt(service, hold, choice, by):
    customer = hold(service)
    customer.answer(choice, by)
    assert customer.peek()["data"] == "allowed"
    assert customer.confirmations("pending") == []
    assert customer.notification("receipt")["text"]
    place = US if choice == "continue" else FR
    assert customer.usage(megabytes(1), place)["data"] == "allowed"


@pytest.mark.parametrize("hold", [held_at_cap, held_at_destination])
def test_a_declined_question_blocks(service, hold):
    customer = hold(service)
    customer.answer("decline")
    assert customer.peek()["data"] == "blocked"
    assert customer.confirmations("pending") == []


@pytest.mark.parametrize("hold", [held_at_cap, held_at_destination])
@pytest.mark.parametrize("first", ["yes", "decline"])
@pytest.mark.parametrize("second", ["yes", "decline"])
def test_a_question_is_decided_exactly_once(service, hold, first, second):
    customer = hold(service)
    yes = "extend" if hold is held_at_cap else "continue"
    choice = {"yes": yes, "decline": "decline"}
    identity = customer.question()["id"]
    customer.answer(choice[first])
    data = customer.peek()["data"]
    messages = len(customer.notifications())
    response = post(service, identity, choice=choice[second], by="care", actor="agent-8")
    assert_problem(response, 409)
    assert "already_decided" in response.text
    assert customer.peek()["data"] == data
    assert len(customer.notifications()) == messages


@pytest.mark.parametrize("hold, choice", [(held_at_cap, "continue"), (held_at_destination, "extend"),
                                          (held_at_cap, "YES"), (held_at_cap, ""), (held_at_cap, 1)])
def test_a_choice_that_was_not_offered_decides_nothing(service, hold, choice):
    customer = hold(service)
    response = post(service, customer.question()["id"], choice=choice, by="care", actor="agent-7")
    assert_problem(response, (400, 422), "choice")
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


def test_an_answer_by_nobody_we_know_decides_nothing(service):
    customer = held_at_cap(service)
    response = post(service, customer.question()["id"], choice="extend", by="robot", actor="x")
    assert_problem(response, (400, 422), "by")
    assert customer.peek()["data"] == "held"


def test_an_unknown_question_is_not_found(service):
    assert_problem(post(service, "no-such-question", choice="extend", by="care", actor="agent-7"), 404)


def test_a_confirmed_destination_lasts_the_trip(service):
    customer = held_at_destination(service)
    customer.answer("continue")
    assert customer.attach(FR)["data"] == "allowed"
    assert customer.attach(US)["data"] == "allowed"
    assert customer.confirmations("pending") == []


def test_two_holds_each_need_their_own_answer(service):
    customer = service.customer(caps=[monthly()])
    result = customer.usage(megabytes(1), US)  # a high-cost place and, at once, the cap
    assert result["data"] == "held"
    questions = {item["kind"]: item["id"] for item in customer.confirmations("pending")}
    assert set(questions) == {"confirm_destination", "confirm_cap"}
    assert post(service, questions["confirm_destination"], choice="continue", by="care", actor="a").status_code == 200
    assert customer.peek()["data"] == "held"
    assert post(service, questions["confirm_cap"], choice="extend", by="care", actor="a").status_code == 200
    assert customer.peek()["data"] == "allowed"


def test_the_next_limit_is_a_new_question(service):
    customer = held_at_cap(service)
    first = customer.question()["id"]
    customer.answer("extend")
    assert "cap_reached" in customer.usage(megabytes(5), FR)["outcomes"]
    assert customer.peek()["data"] == "held"
    assert customer.question()["id"] != first


def test_the_question_in_the_message_gives_terms_choices_and_a_code(service):
    customer = held_at_cap(service)
    text = customer.notification("confirm_cap")["text"]
    assert "10.00" in text
    assert "5.00" in text or "15.00" in text
    assert any(word.strip(".,;:()").isdigit() and len(word.strip(".,;:()")) == 4 for word in text.split())


def test_the_price_of_the_place_stands_in_the_message(service):
    customer = held_at_destination(service)
    text = customer.notification("confirm_destination")["text"]
    assert "10.00" in text
    assert "United States" in text or "USA" in text


def test_an_answer_stands_in_the_evidence(service):
    customer = held_at_cap(service)
    customer.answer("extend", actor="agent-4711")
    assert "agent-4711" in json.dumps(customer.timeline())
    assert customer.verified()


def test_one_customers_answer_leaves_another_alone(service):
    first, second = held_at_cap(service), held_at_cap(service)
    first.answer("extend")
    assert second.question()["state"] == "pending"
    assert second.peek()["data"] == "held"


def test_a_question_expires_a_day_after_it_was_asked(service):
    customer = held_at_cap(service)
    question = customer.question()
    expiry = question.get("expiresAt") or question.get("expires")
    assert expiry, question
    hours = (datetime.fromisoformat(expiry.replace("Z", "+00:00")) - now()).total_seconds() / 3600
    assert 23.9 < hours <= 24.01


def test_leaving_withdraws_nothing_at_once(service):
    customer = held_at_destination(service)
    customer.attach(DE)
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "allowed"


def test_consent_is_for_one_cap_only(service):
    customer = service.customer(caps=[monthly(id="a"), monthly(id="b")])
    customer.usage(megabytes(10), FR)
    questions = customer.confirmations("pending")
    assert len(questions) == 2
    post(service, questions[0]["id"], choice="extend", by="care", actor="a")
    present = customer.peek()
    assert sorted((cap["stage"], cap["limit"]["amount"]) for cap in present["caps"]) == [(1, "10.00"), (2, "15.00")]
    assert present["data"] == "held"
