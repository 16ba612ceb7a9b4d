"""A message centre for tests: enough of SMPP 3.4 to take an operator's place behind Kannel.

    smsc = Smsc()                             listens on a free port of 127.0.0.1; close() ends it
    smsc.parts                                what came in, a Part per submit_sm, in order
    smsc.texts(to)                            the messages to a number, parts put together
    smsc.receipt(part, "DELIVRD")             says what became of a part
    smsc.reply("+447700900000", "55005", "是")  a customer's message
    smsc.status / smsc.delay / smsc.receipts  how the next submit_sm is answered (an ESME status, or a function of the
                                              Part), after how many seconds, and the receipt that follows by itself
    smsc.hang_up()                            breaks all connections
"""

import itertools
import socket
import struct
import threading
import time
from dataclasses import dataclass

OK, THROTTLED, SUBMIT_FAILED, INVALID_DESTINATION = 0x00, 0x58, 0x45, 0x0B
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x01, 0x02, 0x09
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK, GENERIC_NACK, RESPONSE = 0x04, 0x05, 0x06, 0x15, 0x80000000, 0x80000000
HAS_HEADER, IS_RECEIPT = 0x40, 0x04
MESSAGE_PAYLOAD = 0x0424
UNICODE = 8
CHARSETS = {1: "ascii", 3: "latin-1", UNICODE: "utf-16-be"}  # by data_coding; 0 is GSM's own

# GSM 03.38, the default alphabet and what follows an escape.
GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
       "¿abcdefghijklmnopqrstuvwxyzäöñüà")
GSM_ESCAPED = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
               0x65: "€"}


def decode_gsm(septets):
    text, octets = "", iter(septets)
    for octet in octets:
        text += GSM_ESCAPED[next(octets)] if octet == 0x1B else GSM[octet]
    return text


def encode_gsm(text):
    escaped = {letter: octet for octet, letter in GSM_ESCAPED.items()}
    return b"".join(bytes([0x1B, escaped[letter]]) if letter in escaped else bytes([GSM.index(letter)])
                    for letter in text)


@dataclass
class Part:
    """One submit_sm."""
    id: str
    sender: str
    to: str
    coding: int
    payload: bytes
    header: bytes  # the user data header without its length, empty where there is none
    wants_receipt: bool
    validity: str
    status: int
    at: float

    def place(self):
        """(reference, of how many, which), of a concatenated message; else nothing."""
        elements, rest = {}, self.header
        while rest:
            elements[rest[0]], rest = rest[2:2 + rest[1]], rest[2 + rest[1]:]
        if 0x00 in elements:
            return tuple(elements[0x00])
        return struct.unpack(">HBB", elements[0x08]) if 0x08 in elements else None


def decoded(coding, payload):
    """Parts are put together before this: a surrogate pair may lie across two of them."""
    if coding == 0:
        return decode_gsm(payload)
    return payload.decode(CHARSETS[coding])


class Smsc:
    def __init__(self, port=0):
        self.parts, self.binds, self.answers = [], [], []
        self.status, self.delay, self.receipts = OK, 0, None
        self._numbers, self._lock, self._open = itertools.count(1), threading.Lock(), set()
        self._sending, self._receivers = threading.Lock(), []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        # As real centres do, ids go on where they were: a centre that starts again must not use one twice.
        self._first_id = int(time.time() * 1000) % 10**9 * 1000
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        try:  # wakes accept()
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            pass
        self.hang_up()

    def hang_up(self):
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    # ---- what came in

    def texts(self, to=None):
        """Whole messages that were accepted, oldest first; one that lacks a part is not among them."""
        whole, gathered = [], {}
        for part in list(self.parts):
            if part.status != OK or to not in (None, part.to):
                continue
            place = part.place()
            if not place:
                whole.append(decoded(part.coding, part.payload))
                continue
            reference, total, number = place
            pieces = gathered.setdefault((part.to, reference, total), {})
            pieces[number] = part.payload
            if len(pieces) == total:
                del gathered[part.to, reference, total]
                whole.append(decoded(part.coding, b"".join(pieces[n] for n in sorted(pieces))))
        return whole

    def accepted(self, to=None):
        return [part for part in list(self.parts) if part.status == OK and to in (None, part.to)]

    # ---- what goes out

    def reply(self, sender, to, text, coding=None):
        """A message of a customer to the operator; in UCS-2 where the alphabet of GSM lacks a letter."""
        if coding is None:
            coding = 0 if all(letter in GSM or letter in GSM_ESCAPED.values() for letter in text) else UNICODE
        return self._deliver(sender, to, 0, coding, encode_gsm(text) if coding == 0 else text.encode(CHARSETS[coding]))

    def receipt(self, part, state="DELIVRD", error="000"):
        """The final state of a part: DELIVRD, UNDELIV, EXPIRED, REJECTD …"""
        when = time.strftime("%y%m%d%H%M")
        text = (f"id:{part.id} sub:001 dlvrd:{'001' if state == 'DELIVRD' else '000'} submit date:{when} "
                f"done date:{when} stat:{state} err:{error} text:")
        return self._deliver(part.to, part.sender, IS_RECEIPT, 0, text.encode())

    def _deliver(self, sender, to, esm_class, coding, octets, seconds=20):
        international = sender.startswith("+")
        body = (b"\0" + bytes([1 if international else 0, 1]) + sender.lstrip("+").encode() + b"\0" + b"\0\1"
                + to.encode() + b"\0" + bytes([esm_class, 0, 0, 0, 0, 0, 0, coding, 0, len(octets)]) + octets)
        end = time.monotonic() + seconds
        while True:
            with self._lock:
                receiver = self._receivers[-1] if self._receivers else None
            try:
                if receiver:
                    sequence = next(self._numbers)
                    self._send(receiver, pdu(DELIVER_SM, sequence, body=body))
                    return sequence
            except OSError:
                pass
            if time.monotonic() > end:
                raise AssertionError(f"no receiver was bound within {seconds} s")
            time.sleep(0.02)

    # ---- connections

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.add(connection)
        try:
            while True:
                head = read(connection, 16)
                length, command, status, sequence = struct.unpack(">IIII", head)
                self._handle(connection, command, status, sequence, read(connection, length - 16))
        except (OSError, EOFError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
                if connection in self._receivers:
                    self._receivers.remove(connection)
            connection.close()

    def _handle(self, connection, command, status, sequence, body):
        def answer(body=b"", status=OK):
            self._send(connection, pdu(command | RESPONSE, sequence, status, body))

        if command in (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER):
            self.binds.append(command)
            answer(b"tests\0")
            if command != BIND_TRANSMITTER:
                with self._lock:
                    self._receivers.append(connection)
        elif command == SUBMIT_SM:
            # A slow centre keeps its window full; it does not stop answering enquire_link.
            part = self._part(body)
            if self.delay:
                threading.Timer(self.delay, self._submitted, (part, answer)).start()
            else:
                self._submitted(part, answer)
        elif command == ENQUIRE_LINK:
            answer()
        elif command == UNBIND:
            answer()
            raise EOFError
        elif command & RESPONSE:
            self.answers.append((command & ~RESPONSE, sequence, status))
        else:
            self._send(connection, pdu(GENERIC_NACK, sequence, 3))

    def _send(self, connection, octets):
        with self._sending:  # from several threads; one PDU must not lie within another
            connection.sendall(octets)

    def _part(self, body):
        _, rest = text_of(body)
        sender, rest = text_of(rest[2:])
        international, (to, rest) = rest[0] == 1, text_of(rest[2:])
        esm_class, rest = rest[0], rest[3:]
        _, rest = text_of(rest)
        validity, rest = text_of(rest)
        wants_receipt, coding, length = rest[0] & 1 == 1, rest[2], rest[4]
        octets, rest = rest[5:5 + length], rest[5 + length:]
        while rest:
            tag, size = struct.unpack(">HH", rest[:4])
            octets, rest = rest[4:4 + size] if tag == MESSAGE_PAYLOAD else octets, rest[4 + size:]
        header, payload = b"", octets
        if esm_class & HAS_HEADER:
            header, payload = octets[1:1 + octets[0]], octets[1 + octets[0]:]
        with self._lock:
            identity = str(self._first_id + next(self._numbers))
        return Part(identity, sender, "+" + to if international else to, coding, payload, header, wants_receipt,
                    validity, OK, time.monotonic())

    def _submitted(self, part, answer):
        part.status = self.status(part) if callable(self.status) else self.status
        self.parts.append(part)
        try:
            answer(part.id.encode() + b"\0" if part.status == OK else b"", part.status)
            if part.status == OK and part.wants_receipt and self.receipts:
                self.receipt(part, self.receipts)
        except (OSError, AssertionError):
            pass


def pdu(command, sequence, status=OK, body=b""):
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def text_of(octets):
    text, _, rest = octets.partition(b"\0")
    return text.decode("latin-1"), rest


def read(connection, count):
    octets = b""
    while len(octets) < count:
        more = connection.recv(count - len(octets))
        if not more:
            raise EOFError
        octets += more
    return octets
