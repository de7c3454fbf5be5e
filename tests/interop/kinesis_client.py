"""A client of Kinesis's HTTP protocol that shares no code with kclpp or an SDK: a test sees what is on the wire.
Answers are the documents themselves; an error of the service is a Refused."""
import base64
import datetime
import http.client
import json
import struct
import time
import urllib.parse


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code = status, code


class Tagged:
    """A tagged item of CBOR."""

    def __init__(self, tag, value):
        self.tag, self.value = tag, value

    def __repr__(self):
        return f"Tagged({self.tag}, {self.value!r})"


def _head(major, number):
    for info, size, form in ((24, 1 << 8, ">B"), (25, 1 << 16, ">H"), (26, 1 << 32, ">I"), (27, 1 << 64, ">Q")):
        if number < 24:
            return bytes([major << 5 | number])
        if number < size:
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError(number)


def cbor(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, Tagged):
        return _head(6, value.tag) + cbor(value.value)
    return _head(5, len(value)) + b"".join(cbor(name) + cbor(item) for name, item in value.items())


def read_cbor(data, at=0):
    """The item at `at`, and where the next one begins."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    number = info
    if 24 <= info <= 27:
        size = 1 << (info - 24)
        number, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        if info == 31:
            raise ValueError("strings in chunks are not expected")
        raw = data[at:at + number]
        return (raw if major == 2 else raw.decode()), at + number
    if major in (4, 5):
        items, count = [], None if info == 31 else number * (major - 3)
        while count is None and data[at] != 0xFF or count is not None and len(items) < count:
            item, at = read_cbor(data, at)
            items.append(item)
        at += count is None
        return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at
    if major == 6:
        value, at = read_cbor(data, at)
        return Tagged(number, value), at
    simple = {20: False, 21: True, 22: None}
    if info in simple:
        return simple[info], at
    if info == 27:
        return struct.unpack(">d", number.to_bytes(8, "big"))[0], at
    raise ValueError(f"simple value {info}")


def signed_headers(operation, content_type="application/x-amz-json-1.1"):
    """By nobody's key."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": content_type,
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            "Authorization": f"AWS4-HMAC-SHA256 Credential=local/{now:%Y%m%d}/us-east-1/kinesis/aws4_request, "
                             "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"}


class Client:
    def __init__(self, url):
        self.url = url
        self._address = urllib.parse.urlsplit(url).netloc
        self._connection = None

    def raw(self, operation, body, content_type="application/x-amz-json-1.1"):
        """status, headers, body"""
        headers = signed_headers(operation, content_type)
        for first in (True, False):
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._address, timeout=60)
            try:
                self._connection.request("POST", "/", body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.close()
                if not first:
                    raise
        raise AssertionError

    def _admin(self, method, plan=None):
        connection = http.client.HTTPConnection(self._address, timeout=60)
        connection.request(method, "/_kclpp/faults", None if plan is None else json.dumps(plan))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(body.decode())
        return json.loads(body)

    def put_faults(self, plan):
        """Of `kclpp local`: from now on."""
        return self._admin("PUT", plan)

    def faults(self):
        """How often each rule has hit."""
        return self._admin("GET")

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def call(self, operation, **members):
        """Waits out what an account may ask in a second."""
        while True:
            status, _, body = self.raw(operation, json.dumps(members))
            answer = json.loads(body) if body else None
            if status == 200:
                return answer
            answer = answer or {}
            if answer.get("__type") != "LimitExceededException" or "Rate exceeded" not in answer["message"]:
                raise Refused(status, answer.get("__type"), answer.get("message"))
            time.sleep(0.1)

    def call_cbor(self, operation, **members):
        status, _, body = self.raw(operation, cbor(members), "application/x-amz-cbor-1.1")
        answer = read_cbor(body)[0] if body else None
        if status != 200:
            raise Refused(status, answer.get("__type"), answer.get("message"))
        return answer


def data_of(records):
    return [base64.b64decode(record["Data"]) for record in records]
