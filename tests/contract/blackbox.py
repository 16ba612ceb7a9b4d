"""What the black-box tests share: a running service, its customers, and a small tariff table.

    service = Service(directory)            a process on a free port of 127.0.0.1 with a database of its own
    service.start() / stop() / kill()       begin, end politely (the exit code), end without warning
    service.get(path, **requests) …         an HTTP call; post, put, patch, delete, options alike
    service.send(event, …)                  one event, structured; the HTTP response
    service.result(event)                   the same, insisting on 200; the one result
    service.publish()                       uploads and publishes TABLE (or another); the version's number
    service.customer(**profile)             a Customer with a profile and a number of its own

    customer.attach(FR) / usage(megabytes(3), FR) / home() / detach(FR)      an event now; its result
    customer.peek()                         the last event again: a duplicate, which shows the present data and caps
    customer.notifications(kind) / confirmations() / answer("extend") / holds() / timeline() / verified()

Each customer has a clock of events that starts a few minutes ago and moves on by a second with each of them;
`ago=timedelta(…)` sets the time of one event.
"""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests

ROOT = Path(__file__).resolve().parents[2]
MMDB = ROOT / "tests" / "data" / "mmdb"
COUNTRY_MMDB = MMDB / "GeoIP2-Country-Test.mmdb"
LONDON = ZoneInfo("Europe/London")

ATTACH = "org.roamguard.attach.v1"
DETACH = "org.roamguard.detach.v1"
USAGE = "org.roamguard.usage.v1"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

# Networks, by where they are. None of them is shared between countries but SWISSCOM.
HOME, FR, FR_FREE, DE, ES = "234-15", "208-09", "208-15", "262-01", "214-01"
IT_TIM, IT_VODAFONE, JP, US, SE, NL, BE = "222-01", "222-10", "440-10", "310-410", "240-01", "204-04", "206-01"
SWISSCOM = "228-01"  # in CH and in LI
AEROMOBILE, MCP, IRIDIUM = "901-14", "901-12", "901-03"  # in flight, at sea, from space

TABLE = """\
plan,destination,service,price,currency,unit,minimum,increment,tax,tax_rate,high_cost
*,FR,data,1.00,GBP,MB,,,incl,20,no
gold,FR,data,0.50,GBP,MB,,,incl,20,no
*,FR,voice_mo:home,0.30,GBP,minute,60 s,1 s,incl,20,no
*,FR,voice_mo:premium,6.00,GBP,minute,60 s,1 s,incl,20,no
*,FR,voice_mt,0.06,GBP,minute,1 s,1 s,incl,20,no
*,FR,sms_mo,0.20,GBP,message,,,incl,20,no
*,FR,sms_mt,0,GBP,message,,,incl,20,no
*,DE,data,2.40,EUR,MB,,,incl,20,no
*,ES,data,1.024,GBP,MB,100 KB,10 KB,incl,20,no
*,IT,data,1.25,GBP,MB,,,incl,20,no
*,222-10,data,6.75,GBP,MB,,,incl,20,no
*,JP,data,3.00,GBP,MB,,,incl,20,no
*,CH,data,1.50,GBP,MB,,,incl,20,no
*,LI,data,4.00,GBP,MB,,,incl,20,no
*,NL,data,1.00,GBP,MB,,,excl,20,no
*,BE,data,5.00,GBP,MB,,,incl,20,
*,US,data,10.00,GBP,MB,,,incl,20,yes
*,zone:nordic,data,0.75,GBP,MB,,,incl,20,no
*,inflight,data,15.00,GBP,MB,,,incl,20,
*,*,data,8.00,GBP,MB,,,incl,20,
"""
ZONES = "zone,country\nnordic,SE\nnordic,NO\n"
FX = "base,quote,rate\nGBP,EUR,1.20\n"


def binary_path():
    path = Path(os.environ.get("ROAMGUARD_BIN", "build/roamguard"))
    path = path if path.is_absolute() else ROOT / path
    if not path.exists():
        raise FileNotFoundError(f"no Roamguard at {path}: build it, or name it in ROAMGUARD_BIN")
    return str(path)


def clean_environment(**more):
    """The caller's environment without any option of the service in it, and with the ones given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROAMGUARD_")}
    return {**kept, **more}


def run(*arguments, env=None, timeout=60, stdin=None):
    """Runs one command of the program to its end; stdout, stderr and returncode are on the result."""
    return subprocess.run([binary_path(), *map(str, arguments)], env=clean_environment(**(env or {})), text=True,
                          capture_output=True, timeout=timeout, input=stdin, check=False)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def now():
    return datetime.now(timezone.utc)


def rfc3339(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def megabytes(count):
    return int(count * 1_048_576)


def kilobytes(count):
    return int(count * 1024)


def network(plmn):
    mcc, mnc = plmn.split("-")
    return {"mcc": mcc, "mnc": mnc}


def new_event(kind, data, at=None, **attributes):
    event = {"specversion": "1.0", "id": f"e-{uuid.uuid4()}", "source": "/tests", "type": kind,
             "time": rfc3339(at or now()), "datacontenttype": "application/json", "data": data}
    return {**event, **attributes}


def money(amount, currency="GBP"):
    return {"amount": amount, "currency": currency}


def amount_of(value):
    """The amount of a money object; nothing counts as zero."""
    return Decimal(value["amount"]) if value else Decimal(0)


def spent(cap):
    """All that was counted for a cap, billable or not."""
    return amount_of(cap["used"]) + amount_of(cap.get("overrun"))


def wait_for(condition, seconds=15, what="it"):
    """The first true answer of `condition`, asked again and again."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}; last saw {answer!r}")
        time.sleep(0.05)


def assert_come_again(response):
    assert response.status_code == 503, response.text
    assert response.headers["Retry-After"].isdigit()
    assert response.headers["Content-Type"].startswith("application/problem+json")


def assert_not_ready_for_the_store(service, seconds=10):
    """Alive, yet not ready, and it says that the store is why."""
    assert service.get("/healthz").status_code == 200
    wait_for(lambda: service.get("/readyz").status_code == 503, seconds, "/readyz to say 503")
    response = service.get("/readyz")
    assert response.headers["Retry-After"].isdigit()
    checks = response.json()["checks"]
    assert checks["store"]["status"] == "fail"
    assert checks["tariffs"]["status"] == checks["networks"]["status"] == "pass"


def names(problem, field):
    """Whether a refusal names the field: in the pointer or the sentence of a fault, or in its detail."""
    said = [problem.get("detail", "")]
    for fault in problem.get("errors", []):
        said += [fault.get("pointer", ""), fault.get("detail", "")]
    return any(field.lower() in words.lower() for words in said)


def assert_problem(response, status, field=None):
    """A refusal by RFC 9457 with a stable type and a sentence, naming the field where there is one."""
    statuses = status if isinstance(status, tuple) else (status,)
    assert response.status_code in statuses, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem = response.json()
    assert problem["type"]
    assert len(problem["detail"]) > 5
    if field:
        assert names(problem, field), f"{field} is not named in {problem}"
        for fault in problem.get("errors", []):
            assert {"pointer", "code", "detail"} <= set(fault), fault
    return problem


def new_store(directory):
    """A store of its own: an SQLite file, or with ROAMGUARD_TEST_ENGINE=postgresql a database on the tests' server."""
    if os.environ.get("ROAMGUARD_TEST_ENGINE", "sqlite") == "sqlite":
        return f"sqlite://{directory / 'roamguard.db'}"
    server = os.environ["ROAMGUARD_TEST_POSTGRES"]
    name = f"t_{uuid.uuid4().hex}"
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", server, "-c", f"create database {name}"], check=True,
                   timeout=60, stdin=subprocess.DEVNULL)
    return server.rsplit("/", 1)[0] + "/" + name


class Service:
    """One process of `roamguard serve`."""

    def __init__(self, directory, *flags, env=None, key=None, store=None):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.flags = [str(flag) for flag in flags]
        self.env = env or {}
        self.key = key
        self.store = store or new_store(self.directory)
        self.port = free_port()
        self.process = None
        self.http = self.session()
        self._numbers = itertools.count(0)

    # ---- the process

    def command(self):
        options = ["--listen", f"127.0.0.1:{self.port}", "--store", self.store, "--home.country", "GB"]
        if "--geoip-database" not in self.flags and COUNTRY_MMDB.exists():
            options += ["--geoip-database", str(COUNTRY_MMDB)]
        return [binary_path(), "serve", *options, *self.flags]

    def start(self, seconds=20):
        self.log_file = open(self.directory / "log.txt", "ab")
        self.process = subprocess.Popen(self.command(), env=clean_environment(**self.env), stdin=subprocess.DEVNULL,
                                        stdout=self.log_file, stderr=subprocess.STDOUT, cwd=self.directory)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the service ended with {self.process.returncode}:\n{self.log()[-2000:]}")
            try:
                if self.http.get(self.url("/healthz"), timeout=2).status_code == 200:
                    return self
            except requests.exceptions.ConnectionError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the service was not alive within {seconds} s:\n{self.log()[-2000:]}")

    def stop(self, seconds=20):
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM, seconds)

    def kill(self):
        return self._end(signal.SIGKILL, 10)

    def _end(self, how, seconds):
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise AssertionError(f"the service did not end within {seconds} s of signal {how}") from None
        finally:
            self.log_file.close()
            self.http.close()
            self.http = self.session()

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        return (self.directory / "log.txt").read_text(errors="replace")

    def peak_memory_megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024

    # ---- HTTP

    def session(self):
        session = requests.Session()
        session.trust_env = False  # a proxy of the environment has no business here
        if self.key:
            session.headers["Authorization"] = f"Bearer {self.key}"
        return session

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def call(self, method, path, **options):
        options.setdefault("timeout", 30)
        return self.http.request(method, self.url(path), **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, **options):
        return self.call("POST", path, **options)

    def put(self, path, **options):
        return self.call("PUT", path, **options)

    def patch(self, path, body):
        return self.call("PATCH", path, data=json.dumps(body), headers={"Content-Type": "application/merge-patch+json"})

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def items(self, path, **params):
        """The first page of a list."""
        response = self.get(path, params=params)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert {"items", "next"} <= set(answer)
        return answer["items"]

    def all_items(self, path, **params):
        """Every page of a list."""
        found, cursor = [], None
        while True:
            response = self.get(path, params={**params, **({"cursor": cursor} if cursor else {})})
            assert response.status_code == 200, response.text
            found += response.json()["items"]
            cursor = response.json()["next"]
            if cursor is None:
                return found

    # ---- events

    def send(self, event, content_type=STRUCTURED, **options):
        body = event if isinstance(event, (bytes, str)) else json.dumps(event)
        body = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": content_type, **options.pop("headers", {})}
        return self.post("/v1/events", data=body, headers=headers, **options)

    def result(self, event):
        response = self.send(event)
        assert response.status_code == 200, response.text
        results = response.json()["results"]
        assert len(results) == 1
        assert (results[0]["id"], results[0]["source"]) == (event["id"], event["source"])
        return results[0]

    def batch(self, events):
        response = self.send(events, BATCH)
        assert response.status_code == 200, response.text
        results = response.json()["results"]
        assert len(results) == len(events)
        return results

    # ---- tariffs

    def upload(self, tariffs=TABLE, zones=ZONES, fx=FX):
        parts = {"tariffs": tariffs, "zones": zones, "fx": fx}
        files = {name: (f"{name}.csv", text, "text/csv") for name, text in parts.items() if text is not None}
        return self.post("/v1/tariffs/versions", files=files)

    def publish(self, tariffs=TABLE, zones=ZONES, fx=FX, effective_at=None):
        response = self.upload(tariffs, zones, fx)
        assert response.status_code == 201, response.text
        version = response.json()["version"]
        body = {"effectiveAt": rfc3339(effective_at)} if effective_at else {}
        response = self.post(f"/v1/tariffs/versions/{version}/publish", json=body)
        assert response.status_code == 200, response.text
        return version

    # ---- customers

    def number(self):
        """A number of fiction that no other test of this service has."""
        n = next(self._numbers)
        if n < 100:
            return f"+4477009000{n:02}"
        return f"+33639980{n - 100:03}" if n < 1100 else f"+9990{n:07}"

    def customer(self, **profile):
        customer = Customer(self, self.number())
        customer.put(**profile)
        return customer

    def stranger(self):
        """A customer without a profile."""
        return Customer(self, self.number())


class Customer:
    def __init__(self, service, msisdn):
        self.service = service
        self.msisdn = msisdn
        self.path = f"/v1/subscribers/{quote(msisdn)}"
        midnight = now().astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
        # Not before today's midnight, so that one test's events share their day and month.
        self.clock = max(now() - timedelta(minutes=8), midnight.astimezone(timezone.utc))
        self.last_event = None

    def __repr__(self):
        return f"Customer({self.msisdn})"

    # ---- the profile

    def put(self, **profile):
        body = {"homeCountry": "GB", "plan": "global", "language": "en-GB", "timeZone": "Europe/London", "caps": [],
                **profile}
        response = self.service.put(self.path, json=body)
        assert response.status_code in (200, 201), response.text
        return response

    def profile(self):
        response = self.service.get(self.path)
        assert response.status_code == 200, response.text
        return response.json()

    def change(self, **patch):
        response = self.service.patch(self.path, patch)
        assert response.status_code == 200, response.text
        return response

    # ---- events

    def event(self, kind, data, ago=None):
        self.clock += timedelta(seconds=1)
        at = now() - ago if ago is not None else self.clock
        return new_event(kind, {"subscriber": {"msisdn": self.msisdn}, **data}, at)

    def tell(self, event):
        result = self.service.result(event)
        self.last_event = event
        return result

    def attach_event(self, plmn=None, ago=None, **data):
        place = {"visitedNetwork": network(plmn)} if plmn else {}
        return self.event(ATTACH, {**place, **data}, ago)

    def usage_event(self, quantity, plmn=None, service="data", ago=None, **data):
        place = {"visitedNetwork": network(plmn)} if plmn else {}
        return self.event(USAGE, {**place, "service": service, "quantity": quantity, **data}, ago)

    def attach(self, plmn=None, ago=None, **data):
        return self.tell(self.attach_event(plmn, ago, **data))

    def usage(self, quantity, plmn=None, service="data", ago=None, **data):
        return self.tell(self.usage_event(quantity, plmn, service, ago, **data))

    def home(self, ago=None):
        return self.attach(HOME, ago)

    def detach(self, plmn, ago=None):
        return self.tell(self.event(DETACH, {"visitedNetwork": network(plmn)}, ago))

    def peek(self):
        """The last event again: changes nothing, shows the present data and caps."""
        result = self.service.result(self.last_event)
        assert result["outcome"] == "duplicate"
        return result

    def cap(self, name="monthly"):
        return {cap["id"]: cap for cap in self.peek()["caps"]}[name]

    # ---- what came of them

    def notifications(self, kind=None, **params):
        wanted = {"msisdn": self.msisdn, **({"kind": kind} if kind else {}), **params}
        return self.service.items("/v1/notifications", **wanted)

    def kinds(self):
        """The kinds of all messages so far, oldest first."""
        return [item["kind"] for item in reversed(self.notifications())]

    def notification(self, kind):
        found = self.notifications(kind)
        assert len(found) == 1, f"{len(found)} messages of kind {kind}"
        return found[0]

    def confirmations(self, state=None):
        found = self.service.items("/v1/confirmations", msisdn=self.msisdn)
        return [item for item in found if state in (None, item["state"])]

    def question(self):
        pending = self.confirmations("pending")
        assert len(pending) == 1, pending
        return pending[0]

    def answer(self, choice, by="care", actor="agent-7"):
        response = self.service.post(f"/v1/confirmations/{self.question()['id']}",
                                     json={"choice": choice, "by": by, "actor": actor})
        assert response.status_code == 200, response.text
        return response

    def holds(self):
        """The holds in force, as GET /v1/holds shows them."""
        return [hold for item in self.service.all_items("/v1/holds") if item["subscriber"].get("msisdn") == self.msisdn
                for hold in item["holds"]]

    def timeline(self):
        return self.service.items(self.path + "/timeline")

    def verified(self):
        """Whether the chain of the evidence file holds."""
        response = self.service.get(self.path + "/timeline/verify")
        assert response.status_code == 200, response.text
        answer = response.json()
        return any(answer.get(word) is True for word in ("ok", "valid", "verified", "intact"))


def monthly(amount="10.00", **more):
    """A monthly data cap in GBP."""
    return {"id": "monthly", "services": ["data"], "amount": amount, "currency": "GBP", "tax": "incl",
            "period": "month", "thresholds": [50, 80, 100], "atLimit": "hold", "extension": "5.00", **more}
