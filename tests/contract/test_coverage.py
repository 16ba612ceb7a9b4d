"""Of all that was opened and charged, how much rests on a recorded confirmation: everything, or it is told."""

from decimal import Decimal

import pytest

from answers import AT_ONCE, WAYS, held_at_cap, held_at_destination, publish, put_pass, say
from blackbox import FR, megabytes, monthly

KINDS = ("stage", "destination", "pass")


@pytest.fixture(scope="module")
def service(start):
    running = start()
    publish(running)
    return running


def report(service):
    response = service.get("/v1/reports/coverage")
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer["kinds"]) == set(KINDS)
    assert answer["opened"] == sum(answer["kinds"][kind]["opened"] for kind in KINDS)
    assert answer["confirmed"] == sum(answer["kinds"][kind]["confirmed"] for kind in KINDS)
    return answer


def opened(service):
    return tuple(report(service)["kinds"][kind]["opened"] for kind in KINDS)


def ratio(service):
    lines = [line for line in service.get("/metrics").text.splitlines() if line.startswith("roamguard_coverage_ratio")]
    assert lines
    return {float(line.rsplit(" ", 1)[1]) for line in lines}


def assert_all_confirmed(service):
    answer = report(service)
    assert answer["confirmed"] == answer["opened"]
    assert all(kind["confirmed"] == kind["opened"] for kind in answer["kinds"].values())
    assert Decimal(str(answer["percent"])) == 100
    assert answer["unconfirmed"] == []
    assert ratio(service) == {1.0}


def test_where_nothing_was_opened_all_is_covered(start):
    fresh = start()
    publish(fresh)
    assert opened(fresh) == (0, 0, 0)
    assert_all_confirmed(fresh)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hold, choice, more", [(held_at_cap, "extend", (1, 0, 0)),
                                                (held_at_destination, "continue", (0, 1, 0)),
                                                (held_at_cap, "pass:fr-day", (0, 0, 1)),
                                                (held_at_destination, "pass:us-day", (0, 0, 1)),
                                                (held_at_cap, "decline", (0, 0, 0))])
def test_each_confirmation_covers_what_it_opened(service, way, hold, choice, more):
    before = opened(service)
    customer = hold(service)
    assert opened(service) == before
    WAYS[way](customer, customer.question(), choice)
    assert opened(service) == tuple(was + one for was, one in zip(before, more))
    assert_all_confirmed(service)


def silence(customer):
    customer.usage(megabytes(3), FR)


def unreadable(customer):
    say(customer, "yes please, but how much?")


def bundle_bought_elsewhere(customer):
    assert put_pass(customer).status_code in (200, 201)
    customer.usage(megabytes(1), FR, ago=AT_ONCE)


def home(customer):
    customer.home()


@pytest.mark.parametrize("what", [silence, unreadable, bundle_bought_elsewhere, home])
def test_what_is_no_confirmation_opens_nothing(service, what):
    customer = held_at_cap(service)
    before = opened(service)
    what(customer)
    assert opened(service) == before
    assert_all_confirmed(service)


def test_a_no_after_the_yes_keeps_what_was_opened_covered(service):
    customer = held_at_cap(service, caps=[monthly()])
    customer.answer("extend")
    say(customer, "NO")
    assert_all_confirmed(service)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_report_outlives_the_process(start, end):
    service = start()
    publish(service)
    for hold, choice in ((held_at_cap, "extend"), (held_at_destination, "continue"), (held_at_cap, "pass:fr-day")):
        hold(service).answer(choice)
    assert opened(service) == (1, 1, 1)
    getattr(service, end)()
    service.start()
    assert opened(service) == (1, 1, 1)
    assert_all_confirmed(service)


def test_the_report_names_no_customer(service):
    customer = held_at_cap(service)
    customer.answer("extend")
    assert customer.msisdn[1:] not in service.get("/v1/reports/coverage").text


def test_the_report_is_read_only(service):
    assert service.post("/v1/reports/coverage", json={}).status_code in (404, 405)
