"""What the tests of questions share: a table with passes, the ways to answer, links and their pages.

    publish(service)                        TABLE with PASSES, in force at once; the version's number
    held_at_cap(service) / held_at_destination(service)       a customer who is asked, in France or the USA
    say(customer, "1 4821")                 an SMS from the customer; what the gateway is answered
    WAYS["link"](customer, question, "extend")                one answer by one of the ways there are
    passes(customer) / put_pass(customer, "b-1", …)           the customer's passes; one bought elsewhere
    token_of(customer)                      the token in the newest link the customer was sent
    Page(service, token)                    the page behind it: status, headers, text, choices; submit("extend")
    size("5 MB")                            bytes, of any shape an allowance has; None is unlimited

Events that a pass must cover happen AT_ONCE (`ago=AT_ONCE`): a customer's own clock runs some minutes behind.
"""

import re
import uuid
from datetime import datetime, timedelta
from html.parser import HTMLParser

from blackbox import FR, FX, TABLE, US, ZONES, megabytes, monthly, now, rfc3339

AT_ONCE = timedelta(0)
TOKEN = re.compile(r"/c/([A-Za-z0-9_-]{22,})")

PASSES = """\
pass,plan,destination,services,price,currency,tax,tax_rate,allowance,validity,day,name
fr-big,*,FR,data,6.00,GBP,incl,20,10 MB,7 d,rolling,France week
fr-day,*,FR,data,2.00,GBP,incl,20,5 MB,24 h,rolling,France day
fr-hour,*,FR,data,3.00,GBP,incl,20,unlimited,1 h,rolling,France hour
fr-euro,*,FR,data,2.90,EUR,incl,20,5 MB,24 h,rolling,France in euros
fr-gold,gold,FR,data,1.00,GBP,incl,20,5 MB,24 h,rolling,France for gold
us-day,*,US,data,4.00,GBP,incl,20,20 MB,24 h,rolling,America day
jp-home,*,JP,data,5.00,GBP,incl,20,100 MB,1 d,home,Japan until midnight at home
jp-local,*,JP,data,5.50,GBP,incl,20,100 MB,1 d,local,Japan until midnight there
jp-week,*,JP,data,9.00,GBP,incl,20,100 MB,7 d,home,Japan week
nordic,*,zone:nordic,data,2.50,GBP,incl,20,100 MB,24 h,rolling,Nordic day
air,*,inflight,data,9.00,GBP,incl,20,20 MB,24 h,rolling,In the air
"""


def publish(service, passes=PASSES, tariffs=TABLE):
    parts = {"tariffs": tariffs, "zones": ZONES, "passes": passes, "fx": FX}
    files = {name: (f"{name}.csv", text, "text/csv") for name, text in parts.items()}
    response = service.post("/v1/tariffs/versions", files=files)
    assert response.status_code == 201, response.text
    version = response.json()["version"]
    response = service.post(f"/v1/tariffs/versions/{version}/publish", json={})
    assert response.status_code == 200, response.text
    return version


# ---- customers who are asked


def held_at_cap(service, **profile):
    customer = service.customer(**{"caps": [monthly()], **profile})
    customer.usage(megabytes(10), FR)
    return customer


def held_at_destination(service, **profile):
    customer = service.customer(**{"caps": [monthly("500.00")], **profile})
    customer.attach(US)
    return customer


def choices(question):
    """The choices in their printed order; their numbers must be 1, 2, 3 …"""
    numbers = [choice["number"] for choice in question["choices"]]
    assert numbers == list(range(1, len(numbers) + 1))
    return [choice["id"] for choice in question["choices"]]


def number_of(question, choice):
    return choices(question).index(choice) + 1


def state_of(customer, identity):
    return {item["id"]: item["state"] for item in customer.confirmations()}[identity]


def messages_to(service, number, kind=None):
    """All messages that went to a number, whosever line they are about; oldest first."""
    found = service.all_items("/v1/notifications", limit=500, **({"kind": kind} if kind else {}))
    return [item for item in reversed(found) if item["msisdn"] == number]


# ---- the ways to answer


def inbound(service, sender, text, identity=None):
    """An SMS as the gateway brings it; the HTTP response."""
    body = {"from": sender, "to": "+447700900999", "text": text, "receivedAt": rfc3339(now()),
            "id": identity or f"mo-{uuid.uuid4()}"}
    return service.post("/v1/sms/inbound", json=body)


def say(customer, text, identity=None):
    response = inbound(customer.service, customer.msisdn, text, identity)
    assert response.status_code == 200, response.text
    return response.json()


def sent(answer):
    return [item["kind"] for item in answer["notifications"]]


def confirm(service, identity, choice, by="care"):
    """An answer by app or care; the HTTP response."""
    return service.post(f"/v1/confirmations/{identity}", json={"choice": choice, "by": by, "actor": "agent-7"})


def by_sms(customer, question, choice):
    answer = say(customer, str(number_of(question, choice)))
    assert answer["outcome"] in ("confirmed", "declined"), answer


def by_sms_with_code(customer, question, choice):
    answer = say(customer, f"{number_of(question, choice)} {question['code']}")
    assert answer["outcome"] in ("confirmed", "declined"), answer


def by_link(customer, question, choice):
    response = Page(customer.service, token_of(customer)).submit(choice)
    assert response.status_code in (200, 302, 303), response.text


def by_app(customer, question, choice):
    assert confirm(customer.service, question["id"], choice, "app").status_code == 200


def by_care(customer, question, choice):
    assert confirm(customer.service, question["id"], choice, "care").status_code == 200


WAYS = {"sms": by_sms, "sms and code": by_sms_with_code, "link": by_link, "app": by_app, "care": by_care}


# ---- passes


def passes(customer):
    response = customer.service.get(customer.path + "/passes")
    assert response.status_code == 200, response.text
    return response.json()["items"]


def only_pass(customer):
    found = passes(customer)
    assert len(found) == 1, found
    return found[0]


def bundle(**changes):
    """A bundle of France that runs now, as it is told of."""
    body = {"name": "Bundle", "destinations": ["FR"], "services": ["data"], "allowance": "100 MB",
            "from": rfc3339(now() - timedelta(hours=2)), "until": rfc3339(now() + timedelta(hours=22))}
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def put_pass(customer, identity="bundle-1", body=None, **changes):
    """A pass bought elsewhere; the HTTP response."""
    body = bundle(**changes) if body is None else body
    return customer.service.put(f"{customer.path}/passes/{identity}", json=body)


def given(customer, **changes):
    response = put_pass(customer, **changes)
    assert response.status_code in (200, 201), response.text
    return customer


def size(value):
    units = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
    if value in (None, "unlimited"):
        return None
    if isinstance(value, dict):
        return value["bytes"]
    if isinstance(value, str):
        number, unit = value.split()
        return int(float(number) * units[unit])
    return value


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# ---- links


def tokens_in(text):
    return TOKEN.findall(text)


def token_of(customer):
    """The token of the newest link that the customer was sent by SMS."""
    for item in customer.notifications():
        found = tokens_in(item["text"])
        if found:
            return found[0]
    raise AssertionError(f"no link in {[item['text'] for item in customer.notifications()]}")


class Page(HTMLParser):
    """GET /c/{token} as a browser without scripts reads it."""

    VOID = ("input", "button")

    def __init__(self, service, token, **options):
        super().__init__()
        self.service, self.path = service, f"/c/{token}"
        self.response = service.get(self.path, **options)
        self.status, self.headers, self.text = (self.response.status_code, self.response.headers,
                                                 self.response.text)
        self.choices, self.hidden, self.tags, self.attributes = [], {}, [], {}
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes.setdefault(tag, []).append(given)
        if tag not in self.VOID:
            return
        if given.get("type") == "hidden" and given.get("name") != "choice":
            self.hidden[given.get("name")] = given.get("value", "")
        elif given.get("name") == "choice":
            self.choices.append(given.get("value"))

    def submit(self, choice):
        """The form as a browser sends it; redirections are not followed."""
        form = {**self.hidden, **({"choice": choice} if choice is not None else {})}
        return self.service.post(self.path, data=form, allow_redirects=False)
