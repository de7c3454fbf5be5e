"""What the tests of clients that we did not write share: `kclpp local` that checks every signature, and TLS with HTTP/2
before it."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration/aws"))

from local_server import LocalServer, clean_environment
from servers import skip

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local-secret", "AWS_REGION": "us-east-1",
               "AWS_DEFAULT_REGION": "us-east-1"}


def needed(program, package):
    if not shutil.which(program):
        skip(f"{program} is not on this machine; scripts/setup --full installs it (Debian: {package})")


class ClientTest(unittest.TestCase):
    program = ""
    maxDiff = None

    def setUp(self):
        self.server = self.enterContext(LocalServer(self.program, "--credentials", "local:local-secret"))
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def environment(self, **extra):
        return clean_environment(HOME=self.folder, **CREDENTIALS, **extra)

    def check(self, told):
        """By the programs that write 300 records, split their shard, and read it to its end in both ways."""
        self.assertEqual(told, {"read": 300, "same": True, "shards": 3, "children": 2,
                                "refused": "InvalidArgumentException", "subscribed": 300, "subscribedSame": True,
                                "subscribedChildren": 2})

    def tls_front(self):
        """The URL of nghttpx over TLS; its certificate is cert.pem in the folder."""
        needed("openssl", "openssl")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.folder + "/key.pem",
                        "-out", self.folder + "/cert.pem"], check=True, capture_output=True)
        return "https://localhost:" + self._front("", self.folder + "/key.pem", self.folder + "/cert.pem")

    def cleartext_front(self):
        """The same without TLS: HTTP/2 for clients that begin with it."""
        return "http://localhost:" + self._front(";no-tls")

    def _front(self, how, *key_and_certificate):
        needed("nghttpx", "nghttp2-proxy")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        front = subprocess.Popen(
            ["nghttpx", f"--frontend=127.0.0.1,{port}{how}",
             f"--backend=127.0.0.1,{self.server.url.rpartition(':')[2]}", "--conf=/dev/null", "--workers=1",
             "--single-process", "--no-host-rewrite", "--errorlog-file=" + self.folder + "/nghttpx.log",
             *key_and_certificate], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(front.wait, 20)
        self.addCleanup(front.kill)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return str(port)
            time.sleep(0.05)
        self.fail("nghttpx does not listen: " + open(self.folder + "/nghttpx.log", encoding="utf-8").read())


def main():
    """unittest.main for a test file that is given the program first."""
    ClientTest.program = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
