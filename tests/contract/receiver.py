"""What the service calls, as the tests stand for it: a web server that keeps all it is sent, and Standard Webhooks.

    receiver = Receiver()                     on a free port of 127.0.0.1, answering 204 to everything
    receiver.answer = lambda request: 500     a status, (status, body), (status, body, headers), or None: hangs up
    receiver.requests                         all that came, oldest first
    request.method, path, headers, body, at   `at` is of time.monotonic(); headers in any case
    request.json(), request.status            `status` is what was answered, None until then
    in_turn(500, 500, 204)                    answers one after the other; the last for good

    new_secret()                              a secret as Standard Webhooks writes it
    signed(secret, body)                      the three headers for a body
    is_signed(request, secret)                whether they stand for that body, now
"""

import base64
import hmac
import json
import os
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from blackbox import wait_for

TOLERANCE_S = 300


class Request:
    def __init__(self, handler, body):
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        self.body = body
        self.at = time.monotonic()
        self.status = None

    def __repr__(self):
        return f"Request({self.method} {self.path} {self.body!r}: {self.status})"

    def json(self):
        return json.loads(self.body)

    def accepted(self):
        return self.status is not None and 200 <= self.status < 300


class Receiver:
    def __init__(self, answer=None, port=0):
        self.answer = answer or (lambda request: 204)
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def that(self, fits):
        return [request for request in list(self.requests) if fits(request)]

    def wait(self, fits, count=1, seconds=15):
        """Those that fit, as soon as there are so many."""
        wait_for(lambda: len(self.that(fits)) >= count, seconds, f"{count} requests of the service")
        return self.that(fits)

    def _handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def reply(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self, body)
                receiver.requests.append(request)
                said = receiver.answer(request)
                if said is None:
                    self.close_connection = True
                    return
                status, body, headers = (*said, {})[:3] if isinstance(said, tuple) else (said, b"", {})
                if not isinstance(body, bytes):
                    body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
                request.status = status
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = reply

            def handle(self):
                try:
                    super().handle()
                except (ConnectionError, TimeoutError):
                    pass  # the service hung up, or was killed: some tests want that

            def log_message(self, *_):
                pass

        return Handler


def in_turn(*answers):
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


# ---- Standard Webhooks


def new_secret():
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def signature(secret, identity, timestamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode()


def signed(secret, body, identity=None, timestamp=None):
    identity = identity or f"msg_{uuid.uuid4().hex}"
    timestamp = int(time.time()) if timestamp is None else timestamp
    return {"webhook-id": identity, "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, identity, timestamp, body)}


def is_signed(request, secret):
    headers = request.headers
    identity, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if not (identity and timestamp and timestamp.isdigit() and abs(time.time() - int(timestamp)) < TOLERANCE_S):
        return False
    expected = signature(secret, identity, timestamp, request.body)
    return any(hmac.compare_digest(expected, given) for given in (headers["webhook-signature"] or "").split(" "))
