"""For operations: health, readiness, metrics, logs without personal data, the way to end."""

import re

import pytest

from blackbox import FR, US, megabytes, monthly, wait_for


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_a_service_in_order_says_so(service, path):
    assert service.get(path).status_code == 200


def test_a_service_without_its_ip_database_is_ready_with_a_named_warning(start, tmp_path):
    service = start("--geoip-database", tmp_path / "missing.mmdb")
    service.publish()
    response = service.get("/readyz")
    assert response.status_code == 200, response.text
    assert "geoip" in response.text.lower() or "ip database" in response.text.lower() \
        or "ip_database" in response.text.lower()
    assert service.customer().attach(FR)["outcome"] == "welcomed"


def test_metrics_are_in_the_format_of_prometheus(service):
    service.customer().attach(FR)
    response = service.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    sample = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? (NaN|[+-]?(Inf|[0-9.eE+-]+))( [0-9]+)?$')
    lines = [line for line in response.text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not sample.match(line)] == []
    assert "roamguard_warning_lateness_seconds" in response.text


def test_an_unknown_path_is_not_found_and_a_wrong_method_not_allowed(service):
    assert service.get("/v1/nothing").status_code == 404
    assert service.delete("/v1/events").status_code in (404, 405)


def test_the_log_and_the_metrics_carry_no_number_imsi_key_or_text(start):
    service = start()
    service.publish()
    customer = service.customer(imsi="234150000000123", caps=[monthly()])
    customer.usage(megabytes(10), FR)
    customer.attach(US)
    for question in customer.confirmations("pending"):
        service.post(f"/v1/confirmations/{question['id']}",
                     json={"choice": "decline", "by": "care", "actor": "agent-7"})
    # Mistakes of senders are where personal data slips into logs.
    service.send({**customer.attach_event(FR), "time": f"at {customer.msisdn}"})
    service.send({**customer.attach_event(FR), "type": f"org.{customer.msisdn}"})
    service.send(f'{{"broken": "{customer.msisdn}')
    service.get(f"/v1/subscribers/{customer.msisdn}x")
    service.get("/v1/notifications", params={"msisdn": customer.msisdn})
    service.get("/v1/nothing", params={"q": customer.msisdn}, headers={"Authorization": "Bearer rg_secret_of_a_caller"})
    texts = [item["text"] for item in wait_for(customer.notifications)]
    tokens = [token for text in texts for token in re.findall(r"/c/([A-Za-z0-9_-]{10,})", text)]
    metrics = service.get("/metrics").text
    assert service.stop() == 0
    for where in (service.log(), metrics):
        for secret in (customer.msisdn[1:], "234150000000123", "rg_secret_of_a_caller", *tokens):
            assert secret not in where
        for text in texts:
            assert text[:40] not in where


def test_the_end_by_sigterm_is_exit_code_zero(start):
    service = start()
    assert service.stop() == 0
