"""A restart, polite or not, loses nothing and repeats nothing."""

import pytest

from blackbox import FR, US, megabytes, money, monthly, wait_for


def end_politely(service):
    assert service.stop() == 0


def end_without_warning(service):
    service.kill()


def lasting(messages):
    """Of each message what must not change by a restart (its delivery may go on)."""
    members = ("id", "kind", "text", "cause", "about", "createdAt")
    return [{name: item.get(name) for name in members} for item in messages]


@pytest.mark.parametrize("end", [end_politely, end_without_warning])
def test_a_restart_keeps_everything(start, end):
    service = start()
    version = service.publish()
    held = service.customer(caps=[monthly()], language="de")
    asked = service.customer(caps=[monthly("500.00")])
    held.usage(megabytes(12), FR)
    asked.attach(US)
    asked_event, last = asked.last_event, held.last_event
    rejected = held.usage_event(-1, FR)
    assert service.send(rejected).status_code == 422

    def picture():
        return {"profiles": [customer.profile() for customer in (held, asked)],
                "holds": service.items("/v1/holds"),
                "caps": held.peek()["caps"],
                "data": [customer.peek()["data"] for customer in (held, asked)],
                "messages": [lasting(customer.notifications()) for customer in (held, asked)],
                "questions": [customer.question() for customer in (held, asked)],
                "version": service.get(f"/v1/tariffs/versions/{version}").json(),
                "file": service.get(f"/v1/tariffs/versions/{version}/files/tariffs").content,
                "rejected": service.items("/v1/events/rejected")}

    wait_for(lambda: not service.items("/v1/notifications", state="queued"), what="the queue to empty")
    before = picture()
    end(service)
    service.start()
    assert picture() == before
    assert service.get("/readyz").status_code == 200
    assert (service.result(last)["outcome"], service.result(asked_event)["outcome"]) == ("duplicate", "duplicate")
    assert held.verified() and asked.verified()
    held.answer("extend")
    assert held.peek()["data"] == "allowed"
    assert held.cap()["limit"] == money("15.00")
    assert held.verified()


def test_several_ends_in_a_row_are_survived(start):
    service = start()
    service.publish()
    customer = service.customer(caps=[monthly("50.00")])
    for count in range(1, 6):
        assert customer.usage(megabytes(1), FR)["caps"][0]["used"] == money(f"{count}.00")
        service.kill()
        service.start()
    assert customer.kinds() == ["welcome"]
    assert customer.verified()


def test_a_message_queued_at_the_end_is_sent_after_the_start(start):
    service = start()
    service.publish()
    customers = [service.customer() for _ in range(20)]
    service.batch([customer.attach_event(FR) for customer in customers])
    service.kill()
    service.start()
    wait_for(lambda: not service.items("/v1/notifications", state="queued"), 30, "the queue to empty")
    for customer in customers:
        assert customer.notification("welcome")["state"] in ("sent", "delivered")
