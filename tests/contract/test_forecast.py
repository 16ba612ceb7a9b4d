"""The warning before it is too late: two records of one session at a pace that soon reaches the cap."""

from datetime import timedelta

import pytest

from answers import given, publish
from blackbox import FR, HOME, JP, megabytes, monthly

LEAD_MINUTES = 10


@pytest.fixture(scope="module")
def service(start):
    running = start("--warn.lead-time", f"{LEAD_MINUTES}m")
    publish(running)
    return running


def ago(seconds):
    return timedelta(seconds=seconds)


def capped(service, amount="10.00", **more):
    return service.customer(caps=[monthly(amount, thresholds=[80, 100], **more)])


def use(customer, records):
    """Records of (session, seconds ago, megabytes); the last result."""
    result = None
    for session, seconds, count in records:
        result = customer.usage(megabytes(count), FR, ago=ago(seconds), **({"session": session} if session else {}))
    return result


def thresholds(customer):
    return [item["about"]["threshold"] for item in reversed(customer.notifications("threshold"))]


FAST = [("s-1", 60, 1), ("s-1", 0, 5)]  # 5 MB a minute; of 10.00 are 4.00 left


@pytest.mark.parametrize("records", [FAST, [("s-1", 3600, 1), ("s-1", 60, 1), ("s-1", 0, 5)],
                                     [("s-1", 60, 1), ("s-2", 50, 1), ("s-1", 0, 4)]],
                         ids=["two records", "three records", "another session between"])
def test_a_pace_that_soon_reaches_the_cap_sends_one_threshold_early(service, records):
    customer = capped(service)
    result = use(customer, records)
    assert result["outcome"] == "threshold_reached"
    assert [item["kind"] for item in result["notifications"]] == ["threshold"]
    assert result["data"] == "allowed"
    message = customer.notification("threshold")
    assert "forecast" in message["text"].lower()
    assert "10.00" in message["text"]
    assert message["about"]["cap"] == "monthly"
    assert message["about"]["stage"] == 1


def test_reaching_it_then_sends_none_again(service):
    customer = capped(service)
    use(customer, FAST)
    customer.usage(megabytes(2), FR, ago=ago(0), session="s-1")  # 80 %
    customer.usage(megabytes(1), FR, ago=ago(0), session="s-1")
    assert customer.kinds().count("threshold") == 1
    reached = customer.usage(megabytes(1), FR, ago=ago(0), session="s-1")
    assert reached["outcome"] == "cap_reached"
    assert reached["data"] == "held"
    assert customer.kinds().count("threshold") == 1
    assert customer.kinds().count("confirm_cap") == 1
    assert customer.verified()


def test_it_is_sent_once_however_the_session_goes_on(service):
    customer = capped(service, "12.00")
    use(customer, [("s-1", 60, 1), ("s-1", 20, 5), ("s-1", 10, 1), ("s-1", 5, 1), ("s-1", 0, 1)])
    assert customer.kinds().count("threshold") == 1


def test_a_repetition_and_a_restart_send_it_no_second_time(start):
    service = start("--warn.lead-time", f"{LEAD_MINUTES}m")
    publish(service)
    customer = capped(service)
    use(customer, FAST)
    service.kill()
    service.start()
    assert customer.peek()["outcome"] == "duplicate"
    use(customer, [("s-1", 0, 2)])
    assert customer.kinds().count("threshold") == 1


@pytest.mark.parametrize("amount, records", [
    ("10.00", [("s-1", 0, 6)]), ("10.00", [("s-1", 60, 6)]), ("10.00", [("s-1", 60, 3), ("s-2", 0, 3)]),
    ("10.00", [(None, 60, 1), (None, 0, 5)]), ("10.00", [("s-1", 60, 1), ("s-2", 30, 2), ("s-3", 0, 3)]),
    ("500.00", FAST), ("900.00", [("s-1", 420, 1), ("s-1", 240, 1), ("s-1", 0, 1)]),
    ("10.00", [("s-1", 60, 0), ("s-1", 0, 0)])],
    ids=["one record", "one late record", "two sessions", "no session", "three sessions", "a large cap", "a slow pace",
         "nothing used"])
def test_without_a_pace_or_with_time_enough_nothing_is_sent_early(service, amount, records):
    customer = capped(service, amount)
    result = use(customer, records)
    assert result["outcome"] in ("counted", "welcomed")
    assert "threshold" not in customer.kinds()


def test_two_records_of_one_moment_make_no_pace(service):
    customer = capped(service)
    first, second = (customer.usage_event(megabytes(3), FR, session="s-1") for _ in range(2))
    for event in (first, {**second, "time": first["time"]}):
        customer.tell(event)
    assert "threshold" not in customer.kinds()


def test_without_an_early_warning_the_threshold_comes_when_it_is_reached_and_forecasts_nothing(service):
    customer = capped(service)
    result = customer.usage(megabytes(8), FR)
    assert result["outcome"] in ("threshold_reached", "welcomed")
    assert thresholds(customer) == [80]
    assert "forecast" not in customer.notification("threshold")["text"].lower()


def test_usage_that_counts_for_no_cap_forecasts_nothing(service):
    elsewhere = service.customer(caps=[monthly(thresholds=[80, 100], destinations=["JP"])])
    covered = given(capped(service), allowance="unlimited")
    texts = service.customer(caps=[monthly(thresholds=[80, 100], services=["sms_mo"])])
    for customer in (elsewhere, covered, texts):
        use(customer, FAST)
        assert "threshold" not in customer.kinds()


def test_at_home_nothing_is_forecast(service):
    customer = capped(service)
    customer.attach(JP)
    for seconds in (60, 0):
        customer.usage(megabytes(5), HOME, ago=ago(seconds), session="s-1")
    assert "threshold" not in customer.kinds()


@pytest.mark.parametrize("wide, narrow", [("900.00", "10.00"), ("10.00", "900.00")])
def test_only_the_cap_that_is_near_is_forecast(service, wide, narrow):
    customer = service.customer(caps=[monthly(wide, id="a", thresholds=[80, 100]),
                                      monthly(narrow, id="b", thresholds=[80, 100])])
    use(customer, FAST)
    assert [item["about"]["cap"] for item in customer.notifications("threshold")] == ["a" if wide == "10.00" else "b"]


def test_many_customers_of_one_batch_are_each_warned_once(service):
    customers = [capped(service) for _ in range(20)]
    service.batch([customer.usage_event(megabytes(1), FR, ago=ago(60), session="s-1") for customer in customers])
    service.batch([customer.usage_event(megabytes(5), FR, ago=ago(0), session="s-1") for customer in customers])
    assert [customer.kinds().count("threshold") for customer in customers] == [1] * 20
