"""SubscribeToShard by a client that shares no code with kclpp or an SDK: the frames of an event stream one by one,
their checks verified. Source: Smithy specification, Amazon Event Stream."""
import http.client
import json
import socket
import struct
import time
import urllib.parse
import zlib

from kinesis_client import Refused, cbor, read_cbor, signed_headers

_TEXT, _HEAD, _CHECK = 7, 12, 4


class Frame:
    def __init__(self, headers, payload):
        self.headers, self.payload = headers, payload
        self.kind, self.type = headers[":message-type"], headers.get(":event-type") or headers.get(":exception-type")

    def document(self):
        if self.headers.get(":content-type", "application/json").startswith("application/x-amz-cbor"):
            return read_cbor(self.payload)[0]
        return json.loads(self.payload)


def _headers(data):
    headers, at = {}, 0
    while at < len(data):
        end = at + 1 + data[at]
        name, kind = data[at + 1:end].decode(), data[end]
        if kind != _TEXT:
            raise ValueError(f"header {name} is no text but of type {kind}")
        size, = struct.unpack_from(">H", data, end + 1)
        headers[name] = data[end + 3:end + 3 + size].decode()
        at = end + 3 + size
    return headers


def read_frame(read):
    """`read(n)` gives n bytes, or fewer at the end; None when there is nothing more."""
    head = read(_HEAD)
    if not head:
        return None
    if len(head) < _HEAD:
        raise ValueError("cut within the head of a frame")
    size, size_of_headers, check = struct.unpack(">III", head)
    if zlib.crc32(head[:8]) != check:
        raise ValueError("the check of a frame's head fails")
    rest = read(size - _HEAD)
    if len(rest) < size - _HEAD:
        raise ValueError("cut within a frame")
    if zlib.crc32(head + rest[:-_CHECK]) != struct.unpack(">I", rest[-_CHECK:])[0]:
        raise ValueError("the check of a frame fails")
    return Frame(_headers(rest[:size_of_headers]), rest[size_of_headers:-_CHECK])


class Subscription:
    """From SubscribeToShard to the end of its answer, on a connection of its own; Refused when there is no stream of
    events. `seconds` is how long it may take: a stream that goes on and on is an AssertionError."""

    def __init__(self, url, speaks_cbor=False, seconds=20, **members):
        self._end = time.monotonic() + seconds
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=seconds)
        content_type = "application/x-amz-cbor-1.1" if speaks_cbor else "application/x-amz-json-1.1"
        self._connection.request("POST", "/", cbor(members) if speaks_cbor else json.dumps(members),
                                 signed_headers("SubscribeToShard", content_type))
        self._answer = self._connection.getresponse()
        self.content_type = self._answer.headers["content-type"]
        if self._answer.status != 200:
            body = self._answer.read()
            self.close()
            error = read_cbor(body)[0] if speaks_cbor else json.loads(body)
            raise Refused(self._answer.status, error.get("__type"), error.get("message"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._answer.close()
        self._connection.close()

    def frame(self):
        """The next one; None at the end."""
        if time.monotonic() > self._end:
            raise AssertionError("the stream does not end")
        try:
            return read_frame(self._answer.read)
        except socket.timeout:
            raise AssertionError("no frame came in time") from None

    def event(self):
        """The next SubscribeToShardEvent; what comes before the first one is passed over. None at the end, and an
        exception in the stream is a Refused."""
        while (frame := self.frame()) is not None:
            if frame.kind == "exception":
                raise Refused(200, frame.type, frame.document().get("message"))
            if frame.type == "SubscribeToShardEvent":
                return frame.document()
        return None
