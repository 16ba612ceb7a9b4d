"""Roaming reports of the core network: TS 29.122 monitoring events and TS 29.503 event exposure."""

import copy
import json
from datetime import timedelta

import pytest

from blackbox import DE, FR, HOME, US, megabytes, monthly, network, now, rfc3339, wait_for

MONITORING, EXPOSURE = "/3gpp/monitoring-events", "/3gpp/ee-notifications"


def digits(customer):
    return customer.msisdn.lstrip("+")


def tick(customer, ago=None):
    customer.clock += timedelta(seconds=1)
    return rfc3339(now() - ago if ago else customer.clock)


def monitoring(customer, plmn=None, roaming=True, ago=None, **more):
    """A report of the exposure function; a roaming of None is left out."""
    report = {"monitoringType": "ROAMING_STATUS", "msisdn": digits(customer), "eventTime": tick(customer, ago),
              **({} if roaming is None else {"roamingStatus": roaming}),
              **({"plmnId": network(plmn)} if plmn else {}), **more}
    return {"subscription": "https://scef.example.com/3gpp-monitoring-event/v1/as-1/subscriptions/7",
            "monitoringEventReports": [report]}


def exposure(customer, plmn, roaming=True, ago=None, **more):
    """A report of the UDM."""
    return [{"referenceId": 7, "eventType": "ROAMING_STATUS", "timeStamp": tick(customer, ago),
             "gpsi": f"msisdn-{digits(customer)}",
             "report": {"roaming": roaming, "newServingPlmn": network(plmn), **more}}]


ROUTES = pytest.mark.parametrize("path, make", [(MONITORING, monitoring), (EXPOSURE, exposure)],
                                 ids=["monitoring", "exposure"])


def post(service, path, body, content_type="application/json"):
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return service.post(path, data=data, headers={"Content-Type": content_type})


def tell(service, path, body):
    response = post(service, path, body)
    assert response.status_code == 204, response.text
    assert response.content == b""


def refused(service, path, body, status=400):
    """A refusal in 3GPP's shape; the parameters at fault."""
    response = post(service, path, body)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem = response.json()
    assert problem["status"] == status
    assert problem["cause"] == problem["cause"].upper() != ""
    assert problem["detail"]
    faults = problem.get("invalidParams", [])
    assert all(set(fault) >= {"param", "reason"} for fault in faults)
    return [fault["param"] for fault in faults]


# ---- what a report does


@ROUTES
def test_roaming_in_a_network_is_an_attach_there(service, path, make):
    customer = service.customer()
    tell(service, path, make(customer, FR))
    assert customer.kinds() == ["welcome"]
    assert "France" in customer.notification("welcome")["text"]


@ROUTES
def test_a_dear_network_is_held_and_asked_about(service, path, make):
    customer = service.customer(caps=[monthly("500.00")])
    tell(service, path, make(customer, US))
    assert customer.kinds() == ["confirm_destination"]
    assert [hold["cause"] for hold in customer.holds()] == ["destination"]


@ROUTES
def test_not_roaming_is_home(service, path, make):
    customer = service.customer(caps=[monthly("500.00")])
    tell(service, path, make(customer, US))
    tell(service, path, make(customer, HOME, roaming=False))
    assert customer.holds() == []
    tell(service, path, make(customer, FR))
    assert customer.kinds() == ["confirm_destination", "welcome"]


def test_a_roaming_status_that_is_absent_means_not_roaming(service):
    customer = service.customer(caps=[monthly("500.00")])
    tell(service, MONITORING, monitoring(customer, US))
    tell(service, MONITORING, monitoring(customer, roaming=None))
    assert customer.holds() == []
    assert customer.kinds() == ["confirm_destination"]


def test_at_home_nobody_is_welcomed(service):
    customer = service.customer()
    tell(service, MONITORING, monitoring(customer, roaming=None))
    tell(service, EXPOSURE, exposure(customer, HOME, roaming=False))
    assert customer.kinds() == []


@ROUTES
def test_a_report_sent_again_counts_once(service, path, make):
    customer = service.customer()
    report = make(customer, FR)
    for _ in range(3):
        tell(service, path, report)
    wait_for(lambda: customer.notification("welcome")["state"] == "delivered", what="the welcome to be delivered")
    length = len(customer.timeline())
    tell(service, path, report)
    assert len(customer.timeline()) == length


@ROUTES
def test_two_reports_of_one_network_make_one_welcome(service, path, make):
    customer = service.customer()
    tell(service, path, make(customer, FR))
    tell(service, path, make(customer, FR))
    assert customer.kinds() == ["welcome"]


def test_both_sources_of_one_crossing_make_one_welcome(service):
    customer = service.customer()
    tell(service, MONITORING, monitoring(customer, FR))
    tell(service, EXPOSURE, exposure(customer, FR))
    customer.attach(FR)
    assert customer.kinds() == ["welcome"]


@ROUTES
def test_the_time_of_a_report_decides_the_order(service, path, make):
    customer = service.customer(caps=[monthly("500.00")])
    tell(service, path, make(customer, FR, ago=timedelta(minutes=1)))
    tell(service, path, make(customer, US, ago=timedelta(minutes=30)))  # late news
    assert customer.kinds() == ["welcome"]
    assert customer.holds() == []


@ROUTES
def test_usage_after_a_report_is_priced_where_it_was(service, path, make):
    customer = service.customer(caps=[monthly("50.00")])
    tell(service, path, make(customer, FR))
    result = customer.usage(megabytes(3))
    assert result["destination"]["plmn"] == FR
    assert result["caps"][0]["used"]["amount"] == "3.00"


@ROUTES
def test_a_report_stands_in_the_evidence(service, path, make):
    customer = service.customer()
    before = len(customer.timeline())
    tell(service, path, make(customer, FR))
    assert len(customer.timeline()) > before
    assert customer.verified()


def test_several_reports_of_one_notification_each_count(service):
    first, second = service.customer(), service.customer()
    notification = monitoring(first, FR)
    notification["monitoringEventReports"] += monitoring(second, DE)["monitoringEventReports"]
    tell(service, MONITORING, notification)
    assert "France" in first.notification("welcome")["text"]
    assert "Germany" in second.notification("welcome")["text"]
    third, fourth = service.customer(), service.customer()
    tell(service, EXPOSURE, exposure(third, FR) + exposure(fourth, DE))
    assert "France" in third.notification("welcome")["text"]
    assert "Germany" in fourth.notification("welcome")["text"]


def test_a_customer_may_cross_twice_within_one_notification(service):
    customer = service.customer()
    tell(service, EXPOSURE, exposure(customer, FR) + exposure(customer, DE))
    assert customer.kinds() == ["welcome", "welcome"]


def test_non_3gpp_access_is_no_crossing(service):
    customer = service.customer(caps=[monthly("500.00")])
    tell(service, EXPOSURE, exposure(customer, US, accessType="NON_3GPP_ACCESS"))
    assert customer.kinds() == []
    assert customer.holds() == []
    tell(service, EXPOSURE, exposure(customer, FR, accessType="3GPP_ACCESS"))
    assert customer.kinds() == ["welcome"]


# ---- what is passed over


@pytest.mark.parametrize("more", [{}, {"cancelInd": True}, {"monitoringEventReports": []},
                                  {"configResults": []}], ids=str)
def test_a_notification_without_a_report_is_accepted(service, more):
    tell(service, MONITORING, {"subscription": "https://scef.example.com/subscriptions/1", **more})


def test_other_kinds_of_report_are_passed_over(service):
    customer = service.customer()
    notification = monitoring(customer, FR)
    notification["monitoringEventReports"][0]["monitoringType"] = "LOSS_OF_CONNECTIVITY"
    tell(service, MONITORING, notification)
    notification["monitoringEventReports"][0]["monitoringType"] = "SOMETHING_OF_A_LATER_RELEASE"
    tell(service, MONITORING, notification)
    report = exposure(customer, FR)
    report[0].update(eventType="UE_REACHABILITY_FOR_SMS", report={"reachability": "REACHABLE"})
    tell(service, EXPOSURE, report)
    assert customer.kinds() == []


def test_of_mixed_kinds_the_roaming_report_counts(service):
    customer = service.customer()
    other = {**exposure(customer, FR)[0], "eventType": "LOSS_OF_CONNECTIVITY", "report": {"lossOfConnectReason": 7}}
    tell(service, EXPOSURE, [other, *exposure(customer, FR), other])
    assert customer.kinds() == ["welcome"]


@ROUTES
def test_unknown_members_are_passed_over(service, path, make):
    customer = service.customer()
    body = make(customer, FR)
    body = {**body, "ofALaterRelease": {"x": [1]}} if isinstance(body, dict) else body
    report = body["monitoringEventReports"][0] if isinstance(body, dict) else body[0]
    report["ofALaterRelease"] = True
    tell(service, path, body)
    assert customer.kinds() == ["welcome"]


def test_a_number_nobody_knows_is_protected_like_any_other(service):
    stranger = service.stranger()
    tell(service, MONITORING, monitoring(stranger, US))
    assert [hold["cause"] for hold in stranger.holds()] == ["destination"]


# ---- what is refused


MISSING = object()


def changed(body, path, value):
    body = copy.deepcopy(body)
    *parents, last = [int(name) if name.isdigit() else name for name in path.strip("/").split("/")]
    place = body
    for name in parents:
        place = place[name]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return body


REPORT = "/monitoringEventReports/0"


@pytest.mark.parametrize("path, value, field", [
    ("/subscription", MISSING, "subscription"), ("/subscription", 7, "subscription"),
    ("/monitoringEventReports", {}, "monitoringEventReports"), (REPORT, "report", "monitoringEventReports"),
    (f"{REPORT}/monitoringType", MISSING, "monitoringType"), (f"{REPORT}/monitoringType", 1, "monitoringType"),
    (f"{REPORT}/msisdn", 447700900000, "msisdn"), (f"{REPORT}/msisdn", "12", "msisdn"),
    (f"{REPORT}/msisdn", "4477009OOOOO", "msisdn"), (f"{REPORT}/roamingStatus", "true", "roamingStatus"),
    (f"{REPORT}/plmnId", "208-09", "plmnId"), (f"{REPORT}/plmnId/mcc", 208, "mcc"),
    (f"{REPORT}/plmnId/mcc", "20", "mcc"),
    (f"{REPORT}/plmnId/mcc", MISSING, "mcc"), (f"{REPORT}/plmnId/mnc", 9, "mnc"), (f"{REPORT}/plmnId/mnc", "9", "mnc"),
    (f"{REPORT}/plmnId/mnc", "0009", "mnc"), (f"{REPORT}/eventTime", "yesterday", "eventTime"),
    (f"{REPORT}/eventTime", 1790000000, "eventTime")])
def test_a_broken_monitoring_event_is_refused_and_the_parameter_named(service, path, value, field):
    customer = service.customer()
    body = changed(monitoring(customer, FR), path, value)
    assert any(field in param for param in refused(service, MONITORING, body))
    assert customer.kinds() == []


@pytest.mark.parametrize("path, value, field", [
    ("/0", "report", "0"), ("/0/referenceId", MISSING, "referenceId"), ("/0/eventType", MISSING, "eventType"),
    ("/0/eventType", 4, "eventType"), ("/0/timeStamp", MISSING, "timeStamp"), ("/0/timeStamp", "noon", "timeStamp"),
    ("/0/gpsi", 447700900000, "gpsi"), ("/0/gpsi", "447700900000", "gpsi"), ("/0/gpsi", "msisdn-12", "gpsi"),
    ("/0/report", MISSING, "report"), ("/0/report", [], "report"), ("/0/report/roaming", MISSING, "roaming"),
    ("/0/report/roaming", "yes", "roaming"), ("/0/report/newServingPlmn", MISSING, "newServingPlmn"),
    ("/0/report/newServingPlmn/mcc", "2O8", "mcc"), ("/0/report/newServingPlmn/mnc", "1", "mnc"),
    ("/0/report/newServingPlmn/mnc", 1, "mnc")])
def test_a_broken_exposure_report_is_refused_and_the_parameter_named(service, path, value, field):
    customer = service.customer()
    body = changed(exposure(customer, FR), path, value)
    assert any(field in param for param in refused(service, EXPOSURE, body))
    assert customer.kinds() == []


@pytest.mark.parametrize("path", [MONITORING, EXPOSURE])
@pytest.mark.parametrize("body", ["", "{", "null", "17", '"x"', "not json"], ids=repr)
def test_what_is_no_notification_is_refused(service, path, body):
    refused(service, path, body)


def test_one_route_takes_an_object_and_the_other_an_array(service):
    customer = service.customer()
    refused(service, EXPOSURE, exposure(customer, FR)[0])
    refused(service, MONITORING, exposure(customer, FR))
    assert customer.kinds() == []


@ROUTES
def test_another_content_type_is_refused(service, path, make):
    response = post(service, path, json.dumps(make(service.customer(), FR)), "text/plain")
    assert response.status_code == 415
    assert response.headers["Content-Type"].startswith("application/problem+json")


@ROUTES
def test_what_was_refused_may_be_sent_again_mended(service, path, make):
    customer = service.customer()
    good = make(customer, FR)
    plmn = "/monitoringEventReports/0/plmnId/mnc" if path == MONITORING else "/0/report/newServingPlmn/mnc"
    refused(service, path, changed(good, plmn, "9"))
    tell(service, path, good)
    assert customer.kinds() == ["welcome"]
