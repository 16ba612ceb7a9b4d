"""The real Kannel for tests: Debian's bearerbox and smsbox, run with packaging/kannel/kannel.conf.

    kannel = Kannel(directory)          writes the configuration, on free ports, with a message centre (smsc.py) behind
    kannel.start() / stop()             both programs, until they are ready / politely; kill() without warning
    kannel.kill("smsbox")               one of them; start_smsbox() and start_bearerbox() begin it again
    kannel.freeze("bearerbox") / thaw   it hears nothing, and its connections stay open
    kannel.smsc                         what the message centre got and says
    kannel.roamguard(start)             a Roamguard of the fixture `start` whose messages leave through this Kannel
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from blackbox import ROOT, free_port
from smsc import Smsc

PACKAGING = ROOT / "packaging" / "kannel"
BEARERBOX, SMSBOX = "/usr/sbin/bearerbox", "/usr/sbin/smsbox"


def filled(text, values):
    """A configuration of packaging/kannel with values put in: {"group or table": {"key": value}}. Each key must stand
    there already, with a value or as a `#! key =` that waits for one; none of those may be left."""
    left, section, lines = {name: dict(keys) for name, keys in values.items()}, "", []
    for line in text.splitlines():
        if heading := re.fullmatch(r"group = (\S+)|\[(\S+)\]", line):
            section = heading[1] or heading[2]
        elif (setting := re.match(r"(?:#! )?([a-z.-]+) =", line)) and setting[1] in left.get(section, {}):
            value = left[section].pop(setting[1])
            line = f"{setting[1]} = {json.dumps(value, ensure_ascii=False)}"
        lines.append(line)
    missing = [f"{section} {key}" for section, keys in left.items() for key in keys]
    missing += [line for line in lines if line.startswith("#! ")]
    if missing:
        raise ValueError(f"not to be filled in, or not filled in: {missing}")
    return "\n".join(lines) + "\n"


def until(condition, seconds, what):
    """The first true answer of `condition`, asked often enough to measure time by."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.005)
    return answer


class Kannel:
    password, admin_password = "pass-of-tests", "admin-of-tests"

    def __init__(self, directory, key="none", smsc=None, changes=None):
        """`smsc` is another message centre than one of its own, and what it has to have is a port; `changes` are
        further values of the configuration: {"smsc": {"throughput": 5}}."""
        self.directory = Path(directory)
        for folder in ("store", "dlr"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        self.own_smsc = smsc is None
        self.smsc = smsc or Smsc()
        self.key = key
        self.roamguard_port, self.port, self.admin_port, self.box_port = (free_port() for _ in range(4))
        self.changes = changes or {}
        self.processes = {}

    # ---- configuration

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    @property
    def callback(self):
        return f"http://gateway:{self.key}@127.0.0.1:{self.roamguard_port}"

    def configuration(self):
        values = {
            "core": {"admin-port": self.admin_port, "admin-password": self.admin_password, "smsbox-port": self.box_port,
                     "store-location": str(self.directory / "store"), "dlr-spool": str(self.directory / "dlr"),
                     "sms-resend-freq": 1, "log-file": str(self.directory / "bearerbox.log")},
            "smsc": {"host": "127.0.0.1", "port": self.smsc.port, "smsc-username": "tests", "smsc-password": "tests",
                     "reconnect-delay": 1},
            "smsbox": {"sendsms-port": self.port, "http-queue-delay": 1,
                       "log-file": str(self.directory / "smsbox.log")},
            "sendsms-user": {"password": self.password},
            "sms-service": {"get-url": f"{self.callback}/v1/sms/inbound?from=%p&to=%P&text=%b&charset=%C&id=%I"},
        }
        for group, more in self.changes.items():
            values[group].update(more)
        return filled((PACKAGING / "kannel.conf").read_text(), values)

    def flags(self):
        """What makes a Roamguard send through this Kannel."""
        return ["--sms.driver", "kannel", "--sms.sender", "Roamguard", "--sms.kannel.url", self.url,
                "--sms.kannel.username", "roamguard", "--sms.kannel.password", self.password,
                "--sms.callback-url", self.callback]

    def roamguard(self, start, *flags):
        service = start(*self.flags(), *flags, run=False)
        service.port = self.roamguard_port
        service.start()
        service.publish()
        return service

    # ---- the programs

    def start(self):
        self.start_bearerbox()
        self.start_smsbox()
        return self

    def start_bearerbox(self):
        self.begin("bearerbox", BEARERBOX)
        until(lambda: self.listens(self.admin_port) and self.listens(self.box_port), 15, "bearerbox to listen")

    def start_smsbox(self, online=True):
        self.begin("smsbox", SMSBOX)
        until(lambda: self.listens(self.port) and "<type>smsbox</type>" in self.status(), 15, "smsbox to be ready")
        if online:
            self.wait_online()

    def begin(self, name, program):
        configuration = self.directory / "kannel.conf"
        configuration.write_text(self.configuration())
        with open(self.directory / f"{name}.out", "ab") as out:
            # A group of its own: ten seconds after bearerbox is gone, smsbox begins itself anew as another process.
            self.processes[name] = subprocess.Popen([program, "-v", "4", str(configuration)], cwd=self.directory,
                                                    stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                                    start_new_session=True)

    def listens(self, port):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}: {self.log(name)[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def status(self):
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(f"http://127.0.0.1:{self.admin_port}/status.xml",
                                   params={"password": self.admin_password}, timeout=5).text
        except requests.exceptions.RequestException:
            return ""

    def wait_online(self):
        until(lambda: "<status>online" in self.status(), 15, "the connection to the message centre")

    def log(self, name):
        """What a program printed and what it wrote to its log."""
        paths = [self.directory / f"{name}.{ending}" for ending in ("out", "log")]
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())

    def signal(self, name, number):
        self.processes[name].send_signal(number)

    def freeze(self, name):
        self.signal(name, signal.SIGSTOP)

    def thaw(self, name):
        self.signal(name, signal.SIGCONT)

    def kill(self, *names):
        """SIGKILL; both unless named."""
        for name in names or list(self.processes):
            process = self.processes.pop(name, None)
            if process:
                self.end(process)

    def stop(self, seconds=25):
        """SIGTERM, smsbox first; whether both ended in time. Bearerbox may take 10 s to notice."""
        polite = True
        for name in ("smsbox", "bearerbox"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                polite = False
            self.end(process)
        return polite

    @staticmethod
    def end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(10)

    def close(self):
        self.kill()
        if self.own_smsc:
            self.smsc.close()

    # ---- without Roamguard

    def send(self, to, text, coding=0, **more):
        """Straight to sendsms; the response."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url, timeout=10, params={
                "username": "roamguard", "password": self.password, "from": "Roamguard", "to": to, "text": text,
                "charset": "UTF-8", "coding": coding, **more})
