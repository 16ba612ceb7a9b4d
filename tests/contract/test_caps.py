"""Caps: thresholds once, stages by consent, holds, overrun, volumes, periods, changes, closed periods."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from blackbox import DE, FR, JP, amount_of, kilobytes, megabytes, money, monthly, now, rfc3339, spent


def sent(result):
    return [item["kind"] for item in result["notifications"]]


def marks(customer):
    """What the messages about a cap were about, oldest first: (cap, stage, threshold)."""
    about = [item.get("about") or {} for item in reversed(customer.notifications())]
    return [(entry["cap"], entry["stage"], entry["threshold"]) for entry in about if entry.get("threshold")]


# ---- thresholds


def test_each_threshold_is_sent_once_and_reaching_it_exactly_counts(service):
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    expected = [(4, "counted", [], 40), (1, "threshold_reached", ["threshold"], 50), (2, "counted", [], 70),
                (1, "threshold_reached", ["threshold"], 80), (1, "counted", [], 90),
                (1, "cap_reached", ["confirm_cap"], 100)]
    seen = []
    for count, *_ in expected:
        result = customer.usage(megabytes(count), FR)
        seen.append((count, result["outcome"], sent(result), result["caps"][0]["percent"]))
    assert seen == expected
    assert marks(customer) == [("monthly", 1, 50), ("monthly", 1, 80), ("monthly", 1, 100)]


@pytest.mark.parametrize("count, mark", [(5, 50), (7, 50), (8, 80), (9, 80), (10, 100), (30, 100)])
def test_one_record_over_several_thresholds_sends_only_the_highest(service, count, mark):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(count), FR)
    assert marks(customer) == [("monthly", 1, mark)]


def test_thresholds_passed_by_one_record_are_recorded_and_never_sent_later(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(8), FR)
    assert customer.usage(megabytes(1), FR)["outcome"] == "counted"
    assert marks(customer) == [("monthly", 1, 80)]


def test_a_threshold_message_says_amount_limit_and_its_cause(service):
    customer = service.customer(caps=[monthly()])
    result = customer.usage(megabytes(8), FR)
    message = customer.notification("threshold")
    assert "8.00" in message["text"]
    assert "10.00" in message["text"]
    assert message["about"] == {"cap": "monthly", "stage": 1, "threshold": 80}
    assert customer.last_event["id"] in str(message["cause"])
    assert message["id"] in [item["id"] for item in result["notifications"]]


def told_within(service, seconds):
    """How many messages of thresholds and limits were not later than that."""
    name = f'roamguard_warning_lateness_seconds_bucket{{le="{seconds}"}} '
    return int(re.search("^" + re.escape(name) + r"(\d+)", service.get("/metrics").text, re.M)[1])


def test_a_fast_session_is_told_early_and_the_message_says_that_it_is_a_forecast(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(0, FR, ago=timedelta(minutes=4), session="s")
    before = told_within(service, 0.1)
    result = customer.usage(megabytes(4), FR, ago=timedelta(minutes=2), session="s")
    assert result["outcome"] == "threshold_reached"
    assert result["caps"][0]["percent"] == 40
    assert "Forecast" in customer.notification("threshold")["text"]
    assert told_within(service, 0.1) == before + 1
    assert "forecast: the rest of cap monthly lasts" in str(customer.timeline())
    assert customer.usage(megabytes(5), FR, session="s")["outcome"] == "counted"
    assert marks(customer) == [("monthly", 1, 80)]


def test_what_a_long_record_tells_at_its_end_is_not_late(service):
    customer = service.customer(caps=[monthly()])
    before = told_within(service, 5)
    begun, ended = now() - timedelta(minutes=40), now()
    customer.usage(megabytes(8), FR, startedAt=rfc3339(begun), endedAt=rfc3339(ended))
    assert told_within(service, 5) == before + 1


# ---- the limit


def test_at_the_limit_the_caps_services_are_held_and_the_customer_is_asked(service):
    customer = service.customer(caps=[monthly()])
    result = customer.usage(megabytes(10), FR)
    assert {"cap_reached", "confirmation_requested"} <= set(result["outcomes"])
    assert result["outcome"] == "cap_reached"
    assert result["data"] == "held"
    assert result["confirmation"]
    question = customer.question()
    assert question["kind"] == "confirm_cap"
    assert customer.notification("confirm_cap")["about"] == {"cap": "monthly", "stage": 1, "threshold": 100}


def test_usage_beyond_the_limit_is_kept_apart_as_overrun(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(9), FR)
    crossing = customer.usage(megabytes(5), FR)
    assert crossing["caps"][0]["used"] == money("10.00")
    assert crossing["caps"][0]["overrun"] == money("4.00")
    late = customer.usage(megabytes(2), FR)
    assert late["outcome"] == "counted_over_cap"
    assert late["caps"][0]["used"] == money("10.00")
    assert late["caps"][0]["overrun"] == money("6.00")
    assert late["caps"][0]["percent"] == 100
    assert sent(late) == []


def test_a_cap_that_only_notifies_holds_nothing(service):
    customer = service.customer(caps=[monthly(atLimit="notify")])
    result = customer.usage(megabytes(12), FR)
    assert "cap_reached" in result["outcomes"]
    assert result["data"] == "allowed"
    assert result["confirmation"] is None
    assert spent(result["caps"][0]) == 12
    assert "cap_reached" in customer.kinds()
    assert customer.confirmations() == []


def test_a_cap_hold_covers_only_the_services_of_the_cap(service):
    customer = service.customer(caps=[monthly("1.00", id="texts", services=["sms_mo"]), monthly("50.00")])
    result = customer.usage(5, FR, "sms_mo")
    assert "cap_reached" in result["outcomes"]
    assert result["data"] == "allowed"


# ---- consent


def test_consent_opens_the_next_stage_at_limit_and_extension(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(12), FR)
    customer.answer("extend")
    cap = customer.cap()
    assert (cap["stage"], cap["limit"], cap["used"]) == (2, money("15.00"), money("10.00"))
    assert cap["overrun"] == money("2.00")  # and counts towards no later stage
    assert customer.peek()["data"] == "allowed"


def test_percentages_are_of_the_whole_stage_and_what_was_passed_when_it_opened_is_not_sent(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    customer.answer("extend")
    assert customer.usage(megabytes(1), FR)["outcome"] == "counted"  # 50 % of 15.00 was passed before
    result = customer.usage(megabytes(1), FR)
    assert result["outcome"] == "threshold_reached"
    assert result["caps"][0]["percent"] == 80
    assert "cap_reached" in customer.usage(megabytes(3), FR)["outcomes"]
    assert marks(customer) == [("monthly", 1, 100), ("monthly", 2, 80), ("monthly", 2, 100)]


def test_listed_stages_are_opened_one_by_one(service):
    customer = service.customer(caps=[monthly(extension=None, stages=["10.00", "25.00"])])
    customer.usage(megabytes(10), FR)
    customer.answer("extend")
    cap = customer.cap()
    assert (cap["stage"], cap["limit"], cap["percent"]) == (2, money("25.00"), 40)


def test_consent_never_comes_by_using_on(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    for _ in range(3):
        assert customer.usage(megabytes(1), FR)["data"] == "held"
    assert customer.cap()["stage"] == 1
    assert customer.kinds().count("confirm_cap") == 1


# ---- what a cap counts


def test_a_cap_counts_only_its_services(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(5, FR, "sms_mo")
    customer.usage(60, FR, "voice_mo", called="home")
    assert customer.cap()["used"] == money("0.00")


@pytest.mark.parametrize("destinations, used", [(["FR"], "1.00"), (["FR", "JP"], "4.00"), (["zone:nordic"], "0.00"),
                                                (["terrestrial"], "4.00")], ids=str)
def test_a_cap_counts_only_its_destinations(service, destinations, used):
    customer = service.customer(caps=[monthly(destinations=destinations)])
    customer.usage(megabytes(1), FR)
    result = customer.usage(megabytes(1), JP)
    assert {cap["id"]: cap["used"] for cap in result["caps"]}.get("monthly", money("0.00")) == money(used)


def test_several_caps_keep_their_order_and_each_counts(service):
    customer = service.customer(caps=[monthly("50.00", id="wide"), monthly("10.00", id="narrow"),
                                      monthly("20.00", id="alone", period="day")])
    result = customer.usage(megabytes(3), FR)
    assert [(cap["id"], cap["used"], cap["percent"]) for cap in result["caps"]] == [
        ("wide", money("3.00"), 6), ("narrow", money("3.00"), 30), ("alone", money("3.00"), 15)]


def volume_cap(**more):
    return {"id": "volume", "services": ["data"], "volume": "10 MB", "period": "month", "thresholds": [80, 100],
            "atLimit": "hold", **more}


def test_a_volume_cap_counts_bytes_whatever_they_cost(service):
    customer = service.customer(caps=[volume_cap()])
    assert customer.usage(megabytes(4), FR)["caps"][0]["percent"] == 40
    threshold = customer.usage(megabytes(4), DE)
    assert "threshold_reached" in threshold["outcomes"]
    assert threshold["caps"][0]["percent"] == 80
    reached = customer.usage(megabytes(2), DE)
    assert "cap_reached" in reached["outcomes"]
    assert reached["data"] == "held"


def test_a_volume_cap_counts_what_an_allowance_covers(service):
    customer = service.customer(caps=[volume_cap()])
    result = customer.usage(megabytes(8), FR, charged=money("0.00"), chargedAs="allowance")
    assert "threshold_reached" in result["outcomes"]


def test_a_repeating_cap_tells_every_step_once(service):
    steps = {"id": "steps", "services": ["data"], "every": "5.00", "currency": "GBP", "tax": "incl", "period": "month",
             "atLimit": "notify"}
    customer = service.customer(caps=[steps])
    customer.attach(FR)
    counts = [len(customer.usage(megabytes(count), FR)["notifications"]) for count in (4, 1, 1, 4, 11, 3, 1)]
    #                                                  after it:                          4  5  6  10 21  24 25
    assert counts == [0, 1, 0, 1, 1, 0, 1]
    assert customer.peek()["data"] == "allowed"


# ---- periods


def month_of(moment, first_day):
    start = moment.replace(day=first_day, hour=0, minute=0, second=0, microsecond=0)
    if start > moment:
        start = (moment.replace(day=1) - timedelta(days=1)).replace(day=first_day, hour=0, minute=0, second=0,
                                                                     microsecond=0)
    end = (start.replace(day=1) + timedelta(days=32)).replace(day=first_day)
    return start, end


def last_days(moment):
    """The period from the last day of one month to the last day of the next."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    end_of_this = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    if moment >= end_of_this:
        next_month = end_of_this + timedelta(days=1)
        return end_of_this, (next_month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return midnight.replace(day=1) - timedelta(days=1), end_of_this


def day_of(moment):
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("period, expected", [
    ("month", lambda moment: month_of(moment, 1)), ("day", day_of),
    ("billing-day:1", lambda moment: month_of(moment, 1)),
    ("billing-day:15", lambda moment: month_of(moment, 15)), ("billing-day:28", lambda moment: month_of(moment, 28)),
    ("billing-day:31", last_days)], ids=["month", "day", "billing-day:1", "billing-day:15", "billing-day:28",
                                        "billing-day:31"])
def test_a_period_begins_and_ends_in_the_customers_billing_time_zone(service, zone, period, expected):
    customer = service.customer(timeZone=zone, caps=[monthly(period=period)])
    cap = customer.usage(megabytes(1), FR)["caps"][0]
    start, end = expected(customer.clock.astimezone(ZoneInfo(zone)))
    shown = [datetime.fromisoformat(cap["period"][side]) for side in ("start", "end")]
    assert shown == [start, end]
    assert [moment.utcoffset() for moment in shown] == [start.utcoffset(), end.utcoffset()]


def test_each_day_has_its_own_sum(service):
    customer = service.customer(caps=[monthly(period="day")])
    customer.attach(FR, ago=timedelta(hours=60))
    customer.usage(megabytes(6), FR, ago=timedelta(hours=48))
    result = customer.usage(megabytes(3), FR)
    assert result["caps"][0]["used"] == money("3.00")


def test_usage_of_a_closed_period_counts_there_and_neither_sends_nor_holds(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(2), FR)
    before = len(customer.notifications())
    late = customer.usage(megabytes(50), FR, ago=timedelta(days=34))
    assert sent(late) == []
    assert late["data"] == "allowed"
    assert customer.usage(0, FR)["caps"][0]["used"] == money("2.00")
    assert len(customer.notifications()) == before


def test_the_start_of_a_record_decides_its_period(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(2), FR)
    started = (now() - timedelta(days=34)).isoformat()
    customer.usage(megabytes(50), FR, startedAt=started)
    result = customer.usage(0, FR)
    assert result["caps"][0]["used"] == money("2.00")
    assert result["data"] == "allowed"


# ---- a change of the profile acts at once


def test_a_cap_lowered_below_what_is_used_sends_only_the_highest_threshold(service):
    customer = service.customer(caps=[monthly("50.00")])
    customer.usage(megabytes(9), FR)
    customer.change(caps=[monthly("10.00")])
    assert marks(customer) == [("monthly", 1, 80)]
    assert customer.peek()["data"] == "allowed"


def test_a_cap_lowered_to_what_is_used_holds(service):
    customer = service.customer(caps=[monthly("50.00")])
    customer.usage(megabytes(12), FR)
    customer.change(caps=[monthly("10.00")])
    assert customer.peek()["data"] == "held"
    assert marks(customer) == [("monthly", 1, 100)]


def test_a_raised_cap_releases(service):
    customer = service.customer(caps=[monthly("10.00")])
    customer.usage(megabytes(10), FR)
    customer.change(caps=[monthly("50.00")])
    assert customer.peek()["data"] == "allowed"
    assert customer.usage(megabytes(1), FR)["outcome"] == "counted"


def test_a_new_period_rule_starts_with_the_next_period(service):
    customer = service.customer(caps=[monthly("20.00")])
    customer.usage(megabytes(4), FR)
    before = customer.cap()["period"]
    customer.change(caps=[monthly("20.00", period="day")])
    cap = customer.cap()
    assert cap["period"] == before
    assert cap["used"] == money("4.00")


def test_caps_given_replace_the_regimes_wholly(service):
    stranger = service.stranger()
    before = stranger.attach(FR)["caps"]
    assert [cap["id"] for cap in before] != ["mine"]
    stranger.put(caps=[monthly("10.00", id="mine")])
    assert [cap["id"] for cap in stranger.peek()["caps"]] == ["mine"]


# ---- order


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)], ids=str)
def test_thresholds_ascend_and_end_at_the_mark_whatever_the_order(service, order):
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    events = [customer.usage_event(megabytes(count), FR) for count in (3, 2, 2, 1)]
    for index in order:
        customer.tell(events[index])
    cap = customer.cap()
    assert (cap["used"], cap["percent"]) == (money("8.00"), 80)
    thresholds = [mark[2] for mark in marks(customer)]
    assert thresholds == sorted(set(thresholds))
    assert thresholds[-1] == 80


def test_late_usage_crosses_a_threshold_once(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(5), FR, ago=timedelta(minutes=1))
    customer.usage(megabytes(4), FR, ago=timedelta(minutes=4))
    assert marks(customer) == [("monthly", 1, 50), ("monthly", 1, 80)]
    assert amount_of(customer.cap()["used"]) == 9
