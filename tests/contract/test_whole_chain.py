"""One customer's border crossing from end to end, with real programs and every key and signature in place: CAMARA
event, decision, Kannel, SMPP, the phone, its receipt, its answer, and the release to the roaming platform."""

import json
import re
import time
import uuid

from blackbox import STRUCTURED, Customer, new_event, run
from kannel import Kannel, until
from receiver import Receiver, is_signed, new_secret

CHANGED_COUNTRY = "org.camaraproject.device-roaming-status-subscriptions.v0.roaming-change-country"
HELD, RELEASED = "org.roamguard.data.held.v1", "org.roamguard.data.released.v1"


class Stopwatch:
    def __init__(self, record):
        self.record, self.began, self.last = record, time.monotonic(), time.monotonic()
        print()

    def lap(self, step):
        """Says how long a step took, and how long all of it so far."""
        now = time.monotonic()
        took, total = (now - self.last) * 1000, (now - self.began) * 1000
        self.last = now
        self.record(step.replace(" ", "_") + "_ms", f"{took:.1f}")
        print(f"  {took:8.1f} ms  {step}  ({total:.1f} ms since the event)")


def key_of(service, role):
    made = run("keys", "create", "--role", role, "--store", service.store)
    assert made.returncode == 0, made.stderr
    return re.search(r"rg_\S+", made.stdout)[0]


def told(platform, kind):
    return [request for request in platform.requests if request.json()["type"] == kind]


def test_a_border_crossing_from_the_camara_event_to_the_signed_release(tmp_path, start, record_property):
    secret, platform = new_secret(), Receiver()
    kannel = Kannel(tmp_path / "kannel")
    try:
        service = start(*kannel.flags(), "--platform.webhook-url", platform.url("/roaming"),
                        "--platform.webhook-secret", secret, directory=tmp_path / "roamguard", run=False)
        service.port = kannel.roamguard_port
        kannel.key, sender_key = key_of(service, "gateway"), key_of(service, "platform")
        service.key = key_of(service, "admin")
        service.http = service.session()
        service.flags = [flag.replace("gateway:none@", f"gateway:{kannel.key}@") for flag in service.flags]
        kannel.start()
        service.start()
        service.publish()
        customer = Customer(service, "+447700900042")
        customer.put(channels=["sms"])
        cross(customer, kannel.smsc, platform, secret, sender_key, Stopwatch(record_property))
    finally:
        kannel.close()
        platform.close()


def cross(customer, smsc, platform, secret, sender_key, watch):
    service = customer.service
    event = new_event(CHANGED_COUNTRY, {"device": {"phoneNumber": customer.msisdn}, "subscriptionId": str(uuid.uuid4()),
                                        "countryCode": 310, "countryName": ["US"]},
                      source="https://notify.operator.example")
    correlator = str(uuid.uuid4())
    answer = service.post("/camara/notifications", data=json.dumps(event), headers={
        "Content-Type": STRUCTURED, "Authorization": f"Bearer {sender_key}", "x-correlator": correlator})
    watch.lap("event accepted")
    assert (answer.status_code, answer.headers["x-correlator"]) == (204, correlator)

    [hold] = until(lambda: told(platform, HELD), 20, "the hold at the platform")
    watch.lap("platform told of the hold")
    assert is_signed(hold, secret)
    assert hold.json()["data"]["subscriber"]["msisdn"] == customer.msisdn

    [text] = until(lambda: smsc.texts(customer.msisdn), 20, "the question at the SMSC")
    watch.lap("question at the SMSC")
    question = customer.question()
    assert question["kind"] == "confirm_destination"
    assert "United States" in text or "USA" in text
    assert "£10.00" in text

    until(lambda: customer.notification("confirm_destination")["state"] == "sent", 20, "Kannel's answer")
    watch.lap("message is sent")
    smsc.receipt(smsc.accepted(customer.msisdn)[0])
    until(lambda: customer.notification("confirm_destination")["state"] == "delivered", 20, "the receipt")
    watch.lap("receipt came back")

    [number] = [choice["number"] for choice in question["choices"] if choice["id"] == "continue"]
    code = re.search(r"\b\d (\d{4})\b", text)[1]
    assert told(platform, RELEASED) == []
    smsc.reply(customer.msisdn, "55005", f"{number} {code}")
    [release] = until(lambda: told(platform, RELEASED), 20, "the release at the platform")
    watch.lap("reply became a release")
    assert is_signed(release, secret)
    assert not is_signed(release, new_secret())
    released, held = release.json(), hold.json()
    assert release.headers["webhook-id"] == released["id"]
    assert (released["data"]["subscriber"]["msisdn"], released["data"]["holds"]) == (customer.msisdn, [])
    assert released["data"]["sequence"] > held["data"]["sequence"]

    until(lambda: len(smsc.texts(customer.msisdn)) > 1, 20, "the written confirmation at the SMSC")
    watch.lap("confirmation at the SMSC")
    assert [one["id"] for one in customer.confirmations("confirmed")] == [question["id"]]
    assert customer.kinds() == ["confirm_destination", "receipt"]
    assert len(smsc.texts(customer.msisdn)) == 2
    assert (len(told(platform, HELD)), len(told(platform, RELEASED))) == (1, 1)
    assert customer.verified()
