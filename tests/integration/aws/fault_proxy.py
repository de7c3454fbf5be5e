"""An HTTP/1.1 proxy in front of one server that breaks what goes through it, by rules, and keeps a journal of that.

usage: fault_proxy.py --upstream HOST:PORT [--port N] [--control-port N] [--seed N]

Prints {"port": N, "control_port": N}. The control endpoint: PUT /rules with a list of rules replaces them, GET /rules,
GET /journal. Inside a test: `with FaultProxy(host, port) as proxy: proxy.rules = [...]; ... proxy.journal`.

A rule is {"operation": "UpdateItem", "fault": NAME, ...}; the first that applies to a request is the one that is used.
  operation     the name after the dot of X-Amz-Target, or "*"
  key           only requests whose item has this key (the value of the one attribute of `Key`)
  containing    only requests whose body has each of these texts
  probability   how often (1); chance comes from the seed
  skip, count   let the first `skip` matches pass; stop after `count` faults
Faults. Those marked * happen after the upstream has done its work: the request is committed, its answer spoiled.
  reset_before    the connection is reset, nothing is forwarded
  lost_answer *   closed instead of answered               reset_after *   reset instead of answered
  stall_before    waits `seconds`, then forwards           stall_after *   waits `seconds`, then answers
  truncated *     half of the body, then closed            oversized *     `bytes` (32 MiB) of blanks behind the body
  wrong_crc32 *   x-amz-crc32 of another body              wrong_length *  Content-Length of half the body
  skewed_date *   the Date header moved by `seconds`
  error           answers `error` (an exception's name) with `status` (400); nothing is forwarded unless "commit": true
  garbage         answers `status` (500) with HTML; "commit" as above
"""
import argparse
import asyncio
import email.utils
import json
import random
import socket
import struct
import sys
import threading
import time
import zlib

FAULTS = ("reset_before", "lost_answer", "reset_after", "stall_before", "stall_after", "truncated", "oversized",
          "wrong_crc32", "wrong_length", "skewed_date", "error", "garbage")
_BLOCK = 64 * 1024


class _Message:
    """A request or an answer: first line, headers as written, body without transfer encoding."""

    def __init__(self, first, headers, body=b""):
        self.first, self.headers, self.body = first, headers, body

    def header(self, name, default=""):
        return next((value for key, value in self.headers if key.lower() == name), default)

    def set(self, name, value):
        self.headers = [(key, old) for key, old in self.headers if key.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))

    def bytes(self):
        lines = [self.first, *(f"{key}: {value}" for key, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


async def _head(reader):
    """The head of a message, or None when the peer closed between two."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    first, *lines = text[:-4].split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return _Message(first, headers)


async def _read_body(reader, message):
    if message.header("transfer-encoding").lower() == "chunked":
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            message.body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        message.set("Transfer-Encoding", None)
    elif length := message.header("content-length"):
        message.body = await reader.readexactly(int(length))


def operation_of(request):
    return request.header("x-amz-target").rpartition(".")[2]


def key_of(request):
    """The item a DynamoDB request is about, when its key is one attribute; else None."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    values = list(body.get("Key", {}).values()) if isinstance(body, dict) else []
    return next(iter(values[0].values())) if len(values) == 1 else None


class _Rule:
    def __init__(self, given):
        if given["fault"] not in FAULTS:
            raise ValueError(f"no such fault: {given['fault']}")
        self.given, self._matches, self._faults = given, 0, 0

    def applies(self, operation, key, body, chance):
        given = self.given
        if given.get("operation", "*") not in ("*", operation) or given.get("key", key) != key:
            return False
        if not all(text.encode() in body for text in given.get("containing", ())):
            return False
        self._matches += 1
        if self._matches <= given.get("skip", 0) or self._faults >= given.get("count", float("inf")):
            return False
        applies = chance.random() < given.get("probability", 1)
        self._faults += applies
        return applies


class FaultProxy:
    """Of the operations that `keep` names, the journal also has `request` and, once the upstream has answered, `answer`
    (the bodies) and `end` (when)."""

    def __init__(self, host, port, seed=1, listen_port=0, control_port=None, keep=()):
        self._rules, self.journal, self._keep = [], [], keep
        self._clients = set()
        self._upstream, self._random = (host, port), random.Random(seed)
        self._listen, self._control, self.control_port = listen_port, control_port, None
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self):
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError("the fault proxy did not start")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def rules(self):
        return [rule.given for rule in self._rules]

    @rules.setter
    def rules(self, rules):
        self._rules = [_Rule(given) for given in rules]

    def faults(self):
        """The entries of the journal in which something was broken."""
        return [entry for entry in list(self.journal) if entry["fault"]]

    async def _serve(self):
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        servers = [await asyncio.start_server(self._client, "127.0.0.1", self._listen, limit=1 << 24)]
        self.port = servers[0].sockets[0].getsockname()[1]
        if self._control is not None:
            servers.append(await asyncio.start_server(self._controlled, "127.0.0.1", self._control))
            self.control_port = servers[1].sockets[0].getsockname()[1]
        self._started.set()
        await self._done.wait()
        for server in servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _controlled(self, reader, writer):
        request = await _head(reader)
        await _read_body(reader, request)
        verb, path, _ = request.first.split()
        answer = {"/rules": self.rules, "/journal": self.journal}.get(path)
        if verb == "PUT" and path == "/rules":
            self.rules = answer = json.loads(request.body)
        status = "404 Not Found" if answer is None else "200 OK"
        body = json.dumps(answer).encode()
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    def _rule(self, operation, key, body):
        return next((rule.given for rule in self._rules if rule.applies(operation, key, body, self._random)),
                    {"fault": None})

    async def _client(self, reader, writer):
        # The loop alone would let a task go that waits for nothing but a peer's silence.
        task = asyncio.current_task()
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)
        try:
            while (request := await _head(reader)) and await self._one(reader, writer, request):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader, writer, request):
        """Serves one request; true when the connection may be used again."""
        await _read_body(reader, request)
        operation, key = operation_of(request), key_of(request)
        rule = self._rule(operation, key, request.body)
        fault = rule["fault"]
        entry = {"time": time.monotonic(), "operation": operation, "key": key, "fault": fault, "status": None,
                 **({"error": rule["error"]} if "error" in rule else {})}
        if operation in self._keep:
            entry["request"] = request.body
        self.journal.append(entry)

        if fault == "reset_before":
            return _reset(writer)
        if fault == "stall_before":
            await asyncio.sleep(rule["seconds"])
        if fault in ("error", "garbage") and not rule.get("commit"):
            answer = None
        elif operation == "SubscribeToShard":
            return await self._stream(request, writer)
        else:
            answer = await self._forward(request)
            entry["status"] = int(answer.first.split()[1])
            if operation in self._keep:
                entry.update(answer=answer.body, end=time.monotonic())
        if fault == "stall_after":
            await asyncio.sleep(rule["seconds"])
        if fault == "lost_answer":
            return False
        if fault == "reset_after":
            return _reset(writer)
        return await _answer(writer, answer, rule, request)

    async def _connect(self, request):
        reader, writer = await asyncio.open_connection(*self._upstream, limit=1 << 24)
        request.set("Connection", "close")
        request.set("Transfer-Encoding", None)
        request.set("Content-Length", str(len(request.body)))
        writer.write(request.bytes())
        return reader, writer

    async def _forward(self, request):
        reader, writer = await self._connect(request)
        try:
            answer = await _head(reader)
            if answer is None:
                raise ConnectionResetError("the upstream closed without an answer")
            await _read_body(reader, answer)
            return answer
        finally:
            writer.close()

    async def _stream(self, request, writer):
        """An answer without end goes through as it comes."""
        reader, upstream = await self._connect(request)
        try:
            while block := await reader.read(_BLOCK):
                writer.write(block)
                await writer.drain()
        finally:
            upstream.close()
        return False


def _reset(writer):
    """Ends a connection by RST: what a peer sees when a machine or a middlebox forgot it."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


def _made_up(rule, request):
    if rule["fault"] == "garbage":
        body, kind = b"<html><body>Something is wrong</body></html>", "text/html"
    else:
        name = rule["error"]
        if request.header("x-amz-target").startswith("DynamoDB"):
            name = "com.amazonaws.dynamodb.v20120810#" + name
        body = json.dumps({"__type": name, "message": "by the fault proxy"}).encode()
        kind = "application/x-amz-json-1.1"
    status = rule.get("status", 500 if rule["fault"] == "garbage" else 400)
    return _Message(f"HTTP/1.1 {status} Fault", [("Content-Type", kind), ("x-amzn-RequestId", "fault-proxy")], body)


async def _answer(writer, answer, rule, request):
    fault = rule["fault"]
    if fault in ("error", "garbage"):
        answer = _made_up(rule, request)
    whole = answer.body
    answer.set("Connection", None)
    answer.set("Content-Length", str(len(whole)))
    if fault == "wrong_crc32":
        answer.set("x-amz-crc32", str(zlib.crc32(whole) ^ 1))
    elif fault == "wrong_length":
        answer.set("Content-Length", str(len(whole) // 2))
    elif fault == "truncated":
        answer.body = whole[: len(whole) // 2]
    elif fault == "oversized":
        answer.set("Content-Length", str(len(whole) + rule.get("bytes", 32 << 20)))
        answer.set("x-amz-crc32", None)
    elif fault == "skewed_date":
        answer.set("Date", email.utils.formatdate(time.time() + rule["seconds"], usegmt=True))
    writer.write(answer.bytes())
    if fault == "oversized":
        for _ in range(rule.get("bytes", 32 << 20) // _BLOCK):
            writer.write(b" " * _BLOCK)
            await writer.drain()
        writer.write(b" " * (rule.get("bytes", 32 << 20) % _BLOCK))
    await writer.drain()
    return fault not in ("wrong_length", "truncated")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    host, _, port = given.upstream.rpartition(":")
    with FaultProxy(host, int(port), given.seed, given.port, given.control_port) as proxy:
        print(json.dumps({"port": proxy.port, "control_port": proxy.control_port}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
