"""Puts numbered records on a stream at a steady rate, on a thread of its own, and holds none of them."""
import base64
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from account import KEYS

_PUTS_A_SECOND = 5
_RETRY_SECONDS = 0.5
_HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.PutRecords",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, "
                             "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"}
_FILLING = " a pear, two apples and whatever else is in season" * 2


def record(ordinal):
    data = base64.b64encode(f"{ordinal}{_FILLING}".encode()).decode()
    return {"Data": data, "PartitionKey": f"customer-{ordinal % KEYS}"}


def ordinal_of(data):
    """Of a record as the program was given it; -1 when it is none of ours."""
    word = base64.b64decode(data).split(b" ", 1)[0]
    return int(word) if word.isdigit() else -1


class Producer:
    """`account.put` counts what is on the stream for sure. A request never holds a key twice, and what was refused goes
    again before anything else, so the records of a key are in the stream in order."""

    def __init__(self, url, stream, rate, account):
        self._host, self._stream, self._rate, self._account = urlsplit(url).netloc, stream, rate, account
        self._connection = None
        self._end, self.failure = threading.Event(), None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self):
        self._end.set()
        self._thread.join(60)

    def _run(self):
        began, tick = time.monotonic(), 0
        try:
            while not self._end.wait(max(0.0, began + tick / _PUTS_A_SECOND - time.monotonic())):
                tick += 1
                wanted = int(tick * self._rate / _PUTS_A_SECOND)
                while self._account.put < wanted:
                    self._put(range(self._account.put, min(wanted, self._account.put + KEYS)))
        except Exception as failure:  # told by the soak's own thread
            self.failure = failure

    def _put(self, ordinals):
        """Whole, whatever it takes: when it returns, all of them are on the stream."""
        waiting = [record(ordinal) for ordinal in ordinals]
        while waiting:
            results = self._ask({"StreamName": self._stream, "Records": waiting})
            if results is None:
                self._account.put_again += len(waiting)
            else:
                waiting = [one for one, result in zip(waiting, results) if result.get("ErrorCode")]
            if waiting:
                time.sleep(_RETRY_SECONDS)
        self._account.put += len(ordinals)

    def _ask(self, request):
        """None when nobody knows what became of it."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, timeout=30)
            self._connection.request("POST", "/", json.dumps(request), _HEADERS)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            return None
        if answer.status == 200:
            return json.loads(body)["Records"]
        if answer.status == 400 and b"ResourceInUse" not in body and b"LimitExceeded" not in body:
            raise RuntimeError(f"PutRecords: {body[:500]}")
        return [{"ErrorCode": "refused"}] * len(request["Records"])
