"""App before SMS: who gets what where, when the app confirms, stays silent, refuses, or may be cut off by a hold."""

import time

import pytest

from blackbox import FR, US, wait_for
from receiver import Receiver, is_signed, new_secret

APP_SECRET, SMS_SECRET = new_secret(), new_secret()
CONFIRM_WITHIN_S = 2


def confirming(request):
    return 200, {"delivered": True}


def silent(request):
    return 202


def refusing(request):
    return 404


def broken(request):
    return 500


def unreachable(request):
    return None


class World:
    """A service with an app and an SMS gateway, both at one receiver, and what they were sent."""

    def __init__(self, start):
        self.behaviour = {}  # by app address
        self.receiver = Receiver(self.answer)
        self.service = start("--app.driver", "webhook", "--app.webhook-url", self.receiver.url("/app"),
                             "--app.webhook-secret", APP_SECRET, "--app.confirm-within", f"{CONFIRM_WITHIN_S}s",
                             "--sms.driver", "webhook", "--sms.webhook-url", self.receiver.url("/sms"),
                             "--sms.webhook-secret", SMS_SECRET)
        self.service.publish()

    def answer(self, request):
        if request.path == "/sms":
            return 200, {"delivered": True}
        return self.behaviour[request.json()["data"]["to"]](request)

    def customer(self, behaviour, **profile):
        address = f"device-{len(self.behaviour)}"
        self.behaviour[address] = behaviour
        customer = self.service.customer(**{"channels": ["app", "sms"], "appAddress": address, **profile})
        customer.app = address
        return customer

    def by_app(self, customer):
        return self.receiver.that(
            lambda request: request.path == "/app" and request.json()["data"]["to"] == customer.app)

    def by_sms(self, customer):
        return self.receiver.that(
            lambda request: request.path == "/sms" and request.json()["data"]["to"] == customer.msisdn)

    def confirm(self, customer):
        """The app says that it showed the message."""
        wait_for(lambda: self.by_app(customer), what="the app to get its message")
        response = self.service.post("/v1/sms/dlr", json={"id": self.by_app(customer)[0].json()["data"]["id"],
                                                          "status": "delivered"})
        assert response.status_code == 200, response.text


@pytest.fixture(scope="module")
def world(start):
    world = World(start)
    yield world
    world.receiver.close()


NOTICES = {"confirms at once": confirming, "confirms later": silent, "never confirms": silent, "refuses": refusing,
           "is broken": broken, "is unreachable": unreachable}
HOLDS = {"confirms at once": confirming, "never confirms": silent, "refuses": refusing, "is broken": broken}


@pytest.fixture(scope="module")
def told(world):
    """All stories at once, and the time they take: a notice or a message with a hold, by how the app behaves."""
    stories = {("notice", how): world.customer(behaviour) for how, behaviour in NOTICES.items()}
    stories |= {("hold", how): world.customer(behaviour) for how, behaviour in HOLDS.items()}
    stories["notice", "has no address"] = world.service.customer(channels=["app", "sms"])
    stories["notice", "is not wished"] = world.customer(confirming, channels=["sms"])
    stories["hold", "has no address"] = world.service.customer(channels=["app", "sms"])
    for (what, _), customer in stories.items():
        customer.began = time.monotonic()
        customer.attach(FR if what == "notice" else US)
    world.confirm(stories["notice", "confirms later"])
    falling_back = [stories["notice", how] for how in ("never confirms", "refuses", "is broken", "is unreachable")]
    end = time.monotonic() + CONFIRM_WITHIN_S + 3
    while not all(world.by_sms(customer) for customer in falling_back) and time.monotonic() < end:
        time.sleep(0.05)
    world.confirm(stories["notice", "never confirms"])  # too late
    time.sleep(CONFIRM_WITHIN_S + 1)  # the time for one message too many
    return stories


@pytest.mark.parametrize("how", ["confirms at once", "confirms later"])
def test_a_notice_the_app_confirmed_goes_by_no_sms(told, world, how):
    customer = told["notice", how]
    [request] = world.by_app(customer)
    assert request.json()["data"]["kind"] == "welcome"
    assert world.by_sms(customer) == []
    assert [(item["channel"], item["state"]) for item in customer.notifications()] == [("app", "delivered")]


@pytest.mark.parametrize("how", ["never confirms", "refuses", "is broken", "is unreachable"])
def test_a_notice_the_app_did_not_confirm_follows_once_by_sms_with_the_same_text(told, world, how):
    customer = told["notice", how]
    asked, [followed] = world.by_app(customer), world.by_sms(customer)
    assert asked[0].at < followed.at
    assert followed.json()["data"]["text"] == asked[0].json()["data"]["text"]
    assert (asked[0].json()["data"]["channel"], followed.json()["data"]["channel"]) == ("app", "sms")
    assert followed.json()["data"]["kind"] == "welcome"


def test_the_app_gets_its_time_to_confirm(told, world):
    customer = told["notice", "never confirms"]
    [followed] = world.by_sms(customer)
    assert followed.at - world.by_app(customer)[0].at > CONFIRM_WITHIN_S - 0.5


def test_an_app_that_refuses_for_good_is_not_asked_again_nor_waited_for(told, world):
    customer = told["notice", "refuses"]
    assert len(world.by_app(customer)) == 1
    [followed] = world.by_sms(customer)
    assert followed.at - customer.began < CONFIRM_WITHIN_S


@pytest.mark.parametrize("how", HOLDS)
def test_a_message_with_a_hold_goes_by_sms_at_once_and_to_the_app_besides(told, world, how):
    customer = told["hold", how]
    [short] = world.by_sms(customer)  # never a third, whatever becomes of the app's
    assert short.json()["data"]["kind"] == "confirm_destination"
    assert short.at - customer.began < 1.5
    shown = world.by_app(customer)
    assert shown
    assert shown[0].at - customer.began < 1.5
    assert shown[0].json()["data"]["kind"] == "confirm_destination"
    assert len({request.json()["data"]["id"] for request in shown}) == 1
    if how != "is broken":
        assert len(shown) == 1


@pytest.mark.parametrize("what, how", [("notice", "has no address"), ("notice", "is not wished"),
                                       ("hold", "has no address")])
def test_without_an_app_there_is_one_sms_and_it_waits_for_nothing(told, world, what, how):
    customer = told[what, how]
    [short] = world.by_sms(customer)
    assert short.at - customer.began < 1.5
    if how == "is not wished":
        assert world.by_app(customer) == []


def test_each_way_out_signs_with_its_own_secret(told, world):
    for request in world.receiver.requests:
        mine, other = (APP_SECRET, SMS_SECRET) if request.path == "/app" else (SMS_SECRET, APP_SECRET)
        assert is_signed(request, mine)
        assert not is_signed(request, other)
        assert request.headers["webhook-id"] == request.json()["id"]


def test_the_app_sees_one_message_once(told, world):
    for customer in (told["notice", how] for how in ("confirms at once", "confirms later", "never confirms")):
        assert len(world.by_app(customer)) == 1


def test_a_restart_while_the_app_is_waited_for_sends_the_sms_once(told, world):
    customer = world.customer(silent)
    customer.attach(FR)
    wait_for(lambda: [item for item in customer.notifications() if item["state"] == "sent"], what="the app to be told")
    world.service.kill()
    world.service.start()
    wait_for(lambda: world.by_sms(customer), CONFIRM_WITHIN_S + 12, "an SMS to follow")
    time.sleep(1)
    assert len(world.by_sms(customer)) == 1
    assert world.by_sms(customer)[0].json()["data"]["text"] == world.by_app(customer)[0].json()["data"]["text"]


def test_the_log_holds_no_app_address(told, world):
    assert "device-" not in world.service.log()
