"""`kclpp consume` given what cannot work: it ends soon, with one line that names the thing and says what to do.

usage: bad_input_test.py KCLPP [unittest arguments]
"""
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True

from fault_proxy import FaultProxy
from fleet_case import FleetTest, main

# It should take a few seconds; whoever waits longer believes that it hangs.
SECONDS = 30
# Lines at error level, of the log and of the command itself; the other levels are no answer to what was asked.
ERROR = re.compile(r"^(\d{4}-\d\d-\d\dT\S+Z error |kclpp( consume)?: )")


class BadInputTest(FleetTest):
    # Nobody gets as far as a stream, but where all is well.
    shards = 0

    def start(self, *arguments, prefix=(), without=(), stream=None, store="dynamodb", **environment):
        env = {name: value for name, value in self.servers.environment(**environment).items() if name not in without}
        command = [*prefix, self.kclpp, "consume", "--stream", stream or self.stream, "--application", self.application,
                   "--lease-store", store, "--from", "TRIM_HORIZON", "--failover", "3", "--exit-when-caught-up",
                   *arguments]
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def ended(self, process):
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"not ended after {SECONDS} s; until then:\n{process.communicate()[1]}")
        return process.returncode, out, err

    def refused(self, *arguments, says, codes=(1,), **options):
        """Ends with one of the codes; one error line, which has each of `says` (or one of a tuple of them) in it."""
        self.is_refused(self.start(*arguments, **options), says, codes)

    def is_refused(self, process, says, codes=(1,)):
        code, out, err = self.ended(process)
        self.assertIn(code, codes, err)
        self.assertEqual(out, "")
        errors = [line for line in err.splitlines() if ERROR.match(line)]
        self.assertEqual(len(errors), 1, f"one line is to say what is wrong:\n{err}")
        for texts in says:
            texts = texts if isinstance(texts, tuple) else (texts,)
            self.assertTrue(any(text.lower() in errors[0].lower() for text in texts), f"{texts} not in: {errors[0]}")
        for secret in ("AWS4-HMAC-SHA256", "wJalrXUtnFEMI"):
            self.assertNotIn(secret, err)
        return code, out, err

    def proxied(self, service, **rule):
        """A proxy before one of the servers, and the variable that makes it the way there."""
        url = {"KINESIS": self.servers.kinesis_url, "DYNAMODB": self.servers.dynamodb_url}[service]
        proxy = self.enterContext(FaultProxy("127.0.0.1", int(url.rpartition(":")[2])))
        proxy.rules = [rule]
        return {f"AWS_ENDPOINT_URL_{service}": proxy.url}


class Configuration(BadInputTest):
    def test_no_region(self):
        self.refused(without=["AWS_REGION"], says=["region", ("--region", "AWS_REGION")], codes=(2,))

    def test_no_credentials(self):
        self.refused(without=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], says=["credentials", "AWS_ACCESS_KEY_ID"])

    def test_half_of_the_credentials(self):
        self.refused(without=["AWS_ACCESS_KEY_ID"], AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                     says=["AWS_ACCESS_KEY_ID"])


class Refusals(BadInputTest):
    def test_expired_credentials_at_kinesis(self):
        self.refused(says=["expired", "credentials"],
                     **self.proxied("KINESIS", fault="error", error="ExpiredTokenException"))

    def test_expired_credentials_at_dynamodb(self):
        self.refused(says=["expired", "credentials"],
                     **self.proxied("DYNAMODB", fault="error", error="ExpiredTokenException"))

    def test_denied_at_kinesis(self):
        self.refused(says=[("denied", "not allowed", "permission"), self.stream],
                     **self.proxied("KINESIS", fault="error", error="AccessDeniedException"))

    def test_denied_at_dynamodb(self):
        self.refused(says=[("denied", "not allowed", "permission"), self.application],
                     **self.proxied("DYNAMODB", fault="error", error="AccessDeniedException"))

    def test_no_such_stream(self):
        self.refused(stream="no-such-stream", says=["no-such-stream"])


class _NotAws(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = b"<html><body>Welcome to the intranet</body></html>"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class OutOfReach(BadInputTest):
    """Servers that may yet come: a worker waits for them for a while at its start, so all cases do that at once. (With
    the wrong certificate nobody waits; that case needs an endpoint of the same make.)"""

    def test_servers_out_of_reach_are_named(self):
        cases = {name: getattr(self, name)() for name in dir(self) if name.startswith("case_")}
        for name, (says, where) in cases.items():
            cases[name] = (says, self.start(**where))
        for name, (says, process) in cases.items():
            with self.subTest(name):
                self.is_refused(process, says)

    def endpoint(self, answer, host="127.0.0.1"):
        """A port of its own at which every connection gets `answer`, a function of the socket, on a thread."""
        listener = socket.create_server((host, 0))
        # A close alone would leave the thread, and so the port, waiting for one more.
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)

        def answered(peer):
            with peer:
                answer(peer)

        def serve():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answered, args=(peer,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return f"{host}:{listener.getsockname()[1]}"

    def closed_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return f"127.0.0.1:{taken.getsockname()[1]}"

    def case_nobody_listens_where_kinesis_should_be(self):
        where = self.closed_port()
        return [where, "endpoint"], {"AWS_ENDPOINT_URL_KINESIS": f"http://{where}"}

    def case_nobody_listens_where_dynamodb_should_be(self):
        where = self.closed_port()
        return [where, "endpoint"], {"AWS_ENDPOINT_URL_DYNAMODB": f"http://{where}"}

    def case_the_endpoint_speaks_something_else(self):
        def banner(peer):
            peer.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
            peer.recv(1 << 16)

        where = self.endpoint(banner)
        return [where, "no HTTP"], {"AWS_ENDPOINT_URL_KINESIS": f"http://{where}"}

    def case_the_endpoint_hangs_up(self):
        where = self.endpoint(lambda peer: None)
        return [where], {"AWS_ENDPOINT_URL_KINESIS": f"http://{where}"}

    def case_the_endpoint_is_a_web_site(self):
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _NotAws)
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(site.server_close)
        self.addCleanup(site.shutdown)
        where = f"127.0.0.1:{site.server_port}"
        return [where, "no answer of AWS"], {"AWS_ENDPOINT_URL_KINESIS": f"http://{where}"}

    def case_https_to_a_port_that_speaks_http(self):
        url = self.servers.kinesis_url.replace("http://", "https://")
        return [url.partition("//")[2], "speaks TLS"], {"AWS_ENDPOINT_URL_KINESIS": url}

    def case_a_host_that_does_not_exist(self):
        return ["kinesis.invalid", "name"], {"AWS_ENDPOINT_URL_KINESIS": "http://kinesis.invalid:4567"}

    def case_a_certificate_for_another_host(self):
        # The server's own certificate, whose names are localhost and 127.0.0.1, seen at 127.0.0.2.
        port = int(self.servers.exports["KCLPP_LOCAL_AWS_TLS_URL"].rpartition(":")[2])

        def relay(peer):
            with socket.create_connection(("127.0.0.1", port)) as server:
                back = threading.Thread(target=copy, args=(server, peer))
                back.start()
                copy(peer, server)
                back.join()

        def copy(source, sink):
            try:
                while block := source.recv(1 << 16):
                    sink.sendall(block)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        where = self.endpoint(relay, "127.0.0.2")
        return ["certificate", "127.0.0.2"], {"AWS_ENDPOINT_URL_KINESIS": f"https://{where}",
                                              "AWS_CA_BUNDLE": self.servers.exports["KCLPP_LOCAL_AWS_CA"]}


class NotTrusted(BadInputTest):
    """Trying again cannot help, and is not tried: nobody waits for a server that has such a certificate."""

    def refused_at_once(self, service):
        url = self.servers.exports["KCLPP_LOCAL_AWS_TLS_URL"]
        process = self.start(**{f"AWS_ENDPOINT_URL_{service}": url})
        _, _, err = self.is_refused(process, ["certificate", "localhost", "CA file"])
        self.assertNotIn("start_waits", err)

    def test_kinesis(self):
        self.refused_at_once("KINESIS")

    def test_dynamodb(self):
        self.refused_at_once("DYNAMODB")


class Endpoints(BadInputTest):
    def test_the_endpoint_is_no_url(self):
        self.refused(AWS_ENDPOINT_URL_KINESIS="localhost 4567", codes=(2,), says=["AWS_ENDPOINT_URL_KINESIS"])

    def test_with_the_right_authority_all_is_well(self):
        self.servers.admin("create-stream", self.stream, 1)
        self.put(20).wait()
        code, out, err = self.ended(self.start(AWS_ENDPOINT_URL_KINESIS=self.servers.exports["KCLPP_LOCAL_AWS_TLS_URL"],
                                               AWS_CA_BUNDLE=self.servers.exports["KCLPP_LOCAL_AWS_CA"]))
        self.assertEqual((code, len(out.splitlines())), (0, 20), err)

    def test_a_name_server_that_never_answers(self):
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        if os.geteuid() != 0 or not shutil.which("unshare"):
            self.skipTest("a resolv.conf of its own needs root and unshare(1)")
        try:
            silent.bind(("127.0.0.77", 53))
        except OSError as taken:
            self.skipTest(f"port 53 of 127.0.0.77: {taken}")
        with open(os.path.join(self.dir, "resolv.conf"), "w", encoding="utf-8") as config:
            config.write("nameserver 127.0.0.77\noptions timeout:30 attempts:5\n")
        mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        own = ["unshare", "--mount", "sh", "-c", mount, config.name]
        if (got := subprocess.run([*own, "true"], capture_output=True, text=True, timeout=30)).returncode != 0:
            self.skipTest(f"no mounts of one's own here: {got.stderr.strip()}")
        self.refused(prefix=own, AWS_ENDPOINT_URL_KINESIS="http://kinesis.example.com:4567",
                     says=["kinesis.example.com"])
        silent.setblocking(False)
        self.assertTrue(silent.recv(512), "the name server was never asked: the test tests nothing")



class Tables(BadInputTest):
    def table_is_untouched_and_refused(self, *keys, says):
        self.servers.admin("create-table", self.application, *keys)
        self.refused(says=[self.application, *says])
        self.assertEqual(self.servers.admin("scan", self.application), [])

    def test_a_table_with_another_key(self):
        self.table_is_untouched_and_refused("id", says=["leaseKey"])

    def test_a_table_with_a_key_of_another_type(self):
        self.table_is_untouched_and_refused("leaseKey:N", says=["leaseKey"])

    def test_a_table_with_a_range_key(self):
        self.table_is_untouched_and_refused("leaseKey", "when:N", says=[("range key", "sort key", "when")])

    def test_no_table_and_none_may_be_made(self):
        self.refused("--create-table", "never", says=[self.application, ("--create-table", "create")])
        self.assertIsNone(self.servers.scan(self.application))


if __name__ == "__main__":
    main()
