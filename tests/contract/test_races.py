"""Many answers to one question at once, by every way there is: exactly one decides. RACES=1000 makes a long race."""

import os
import threading

import pytest
import requests

from answers import (Page, choices, confirm, held_at_cap, held_at_destination, inbound, number_of, passes, publish,
                     state_of, token_of)
from blackbox import FR, US, megabytes, wait_for
from receiver import Receiver, new_secret

RACERS = int(os.environ.get("RACES", "50"))
RELEASED, CHARGE = "org.roamguard.data.released.v1", "org.roamguard.charge.requested.v1"


@pytest.fixture(scope="module")
def platform():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def service(start, platform):
    running = start("--platform.webhook-url", platform.url(), "--platform.webhook-secret", new_secret())
    publish(running)
    return running


def sms(service, customer, question, choice, page):
    response = inbound(service, customer.msisdn, f"{number_of(question, choice)} {question['code']}")
    if response.status_code != 200:
        return response.status_code
    return 200 if response.json()["outcome"] in ("confirmed", "declined") else 409


def link(service, customer, question, choice, page):
    status = page.submit(choice).status_code
    return 200 if status in (302, 303) else status


def app(service, customer, question, choice, page):
    return confirm(service, question["id"], choice, "app").status_code


def care(service, customer, question, choice, page):
    return confirm(service, question["id"], choice, "care").status_code


class Lane:
    """The service as one racer sees it: a connection of its own."""

    def __init__(self, service):
        self.service, self.http = service, requests.Session()
        self.http.trust_env = False

    def post(self, path, **options):
        return self.http.post(self.service.url(path), timeout=60, **options)


def race(customer, question, runs):
    """All answers of `runs` (way, choice) at once; the choices that were accepted."""
    page = Page(customer.service, token_of(customer))
    gate, accepted, seen = threading.Barrier(len(runs)), [], []

    def answer(way, choice):
        lane = Lane(customer.service)
        form = Page.__new__(Page)
        form.service, form.path, form.hidden = lane, page.path, page.hidden
        gate.wait(60)
        status = way(lane, customer, question, choice, form)
        lane.http.close()
        seen.append(status)
        if status == 200:
            accepted.append(choice)

    threads = [threading.Thread(target=answer, args=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(seen) == len(runs)
    assert set(seen) <= {200, 409, 410, 429, 503}, sorted(set(seen))
    return accepted


def told(platform, customer, kind):
    """What the platform heard of the customer, when nothing more is on its way."""
    def about(request):
        data = request.json()["data"]
        return request.accepted() and data["subscriber"].get("msisdn") == customer.msisdn
    wait_for(lambda: platform.that(lambda one: about(one) and one.json()["data"].get("holds") == []),
             what="the platform to hear of it")
    return [one for one in platform.that(about) if one.json()["type"] == kind]


def turns(ways, wanted):
    return [(ways[n % len(ways)], wanted[n // len(ways) % len(wanted)]) for n in range(RACERS)]


@pytest.mark.parametrize("hold, choice", [(held_at_cap, "extend"), (held_at_destination, "continue"),
                                          (held_at_cap, "pass:fr-day"), (held_at_destination, "pass:us-day")])
def test_of_many_equal_answers_one_decides_and_is_written_back_once(service, platform, hold, choice):
    customer = hold(service)
    question = customer.question()
    assert race(customer, question, turns([sms, link, app, care], [choice])) == [choice]
    assert state_of(customer, question["id"]) == "confirmed"
    assert customer.confirmations("pending") == []
    assert customer.kinds().count("receipt") == 1
    assert customer.cap()["stage"] == (2 if choice == "extend" else 1)
    assert customer.peek()["data"] == "allowed"
    assert len(told(platform, customer, RELEASED)) == 1
    bought = choice.startswith("pass:")
    assert [item["pass"] for item in passes(customer)] == ([choice[5:]] if bought else [])
    if bought:
        wait_for(lambda: told(platform, customer, CHARGE), what="the charge")
    assert len(told(platform, customer, CHARGE)) == int(bought)
    assert customer.verified()


@pytest.mark.parametrize("hold, yes", [(held_at_cap, "extend"), (held_at_destination, "continue"),
                                       (held_at_cap, "pass:fr-big")])
def test_of_a_yes_and_a_no_at_once_one_holds_and_the_other_leaves_no_trace(service, platform, hold, yes):
    customer = hold(service)
    question = customer.question()
    # A yes by SMS after a no would be a wish to be asked again, so that way says no only.
    runs = [run if run[0] is not sms else (sms, "decline") for run in turns([sms, link, app, care], [yes, "decline"])]
    [won] = race(customer, question, runs)
    [decided] = [item for item in customer.confirmations() if item["id"] == question["id"]]
    assert (decided["choice"], decided["state"]) == (won, "declined" if won == "decline" else "confirmed")
    agreed = won != "decline"
    assert customer.peek()["data"] == ("allowed" if agreed else "blocked")
    assert customer.kinds().count("receipt") == int(agreed)
    assert customer.cap()["stage"] == (2 if won == "extend" else 1)
    assert len(passes(customer)) == int(won.startswith("pass:"))
    if agreed:
        assert len(told(platform, customer, RELEASED)) == 1
    assert customer.verified()


def test_of_two_passes_and_the_next_stage_at_once_one_is_charged(service, platform):
    customer = held_at_cap(service)
    question = customer.question()
    [won] = race(customer, question, turns([link, app, care], ["pass:fr-day", "pass:fr-big", "extend"]))
    assert won in choices(question)
    assert [item["pass"] for item in passes(customer)] == ([won[5:]] if won.startswith("pass:") else [])
    assert customer.cap()["stage"] == (2 if won == "extend" else 1)
    assert customer.kinds().count("receipt") == 1
    assert len(told(platform, customer, RELEASED)) == 1


def test_usage_that_races_with_the_answer_is_counted_once_and_never_answers(service):
    customer = held_at_cap(service)
    question = customer.question()
    records = [customer.usage_event(megabytes(1), FR) for _ in range(4)]
    threads = [threading.Thread(target=service.send, args=(record,)) for record in records for _ in range(3)]
    for thread in threads:
        thread.start()
    won = race(customer, question, turns([link, app, care], ["extend"]))
    for thread in threads:
        thread.join(60)
    assert won == ["extend"]
    cap = customer.cap()
    assert (cap["stage"], cap["limit"]["amount"]) == (2, "15.00")
    assert sum(float(cap[part]["amount"]) for part in ("used", "overrun")) == 14
    assert customer.verified()


def test_leaving_while_many_agree_ends_the_question_once(service):
    customer = held_at_destination(service)
    question = customer.question()
    going = threading.Thread(target=customer.attach, args=(FR,))
    going.start()
    won = race(customer, question, turns([sms, link, app, care], ["continue"]))
    going.join(60)
    assert won == ["continue"]  # away for less than confirm.repeat-after, it can still be answered
    assert customer.kinds().count("receipt") == 1
    assert customer.attach(US)["data"] == "allowed"
