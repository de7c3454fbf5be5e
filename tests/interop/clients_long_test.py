#!/usr/bin/env python3
"""More clients that we did not write, on `kclpp local`, whose libraries are fetched and built first: AWS's SDKs for Go
and for Java 2.x. Where they cannot be had (no compiler, no registry) a test says so and is not run (exit code 77).

usage: clients_long_test.py KCLPP [TEST...]
"""
import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

from client_case import HERE, ClientTest, main
from servers import skip


def build(command, **options):
    """Skips the test when it fails: what is built is fetched."""
    if not shutil.which(command[0]):
        skip(f"{command[0]} is not on this machine")
    try:
        built = subprocess.run(command, capture_output=True, text=True, timeout=540, **options)
    except subprocess.TimeoutExpired:
        skip(f"{command[0]} did not end within 9 minutes")
    if built.returncode != 0:
        skip(f"{' '.join(command[:2])} failed: {(built.stderr or built.stdout)[-600:]}")


class BuiltClientTest(ClientTest):
    def run_client(self, command, **extra):
        got = subprocess.run(command, env=self.environment(**extra), capture_output=True, text=True, timeout=180)
        self.assertEqual(got.returncode, 0, got.stderr)
        return json.loads(got.stdout)


class GoSdk(BuiltClientTest):
    def setUp(self):
        super().setUp()
        self.client = self.folder + "/client"
        build(["go", "build", "-mod=readonly", "-o", self.client, "./kinesisclient"], cwd=os.path.join(HERE, "go"))

    def test_over_plain_http(self):
        self.check(self.run_client([self.client], AWS_ENDPOINT_URL_KINESIS=self.server.url))

    def test_over_tls_and_http2(self):
        self.check(self.run_client([self.client], AWS_ENDPOINT_URL_KINESIS=self.tls_front(),
                                   AWS_CA_BUNDLE=self.folder + "/cert.pem"))


class JavaSdk(BuiltClientTest):
    def setUp(self):
        super().setUp()
        shutil.copy(os.path.join(HERE, "java/pom.xml"), self.folder)
        build(["mvn", "-B", "-q", "dependency:build-classpath", "-Dmdep.outputFile=classpath"], cwd=self.folder)
        with open(self.folder + "/classpath", encoding="utf-8") as file:
            self.classpath = f"{file.read().strip()}:{self.folder}"
        compiler = shutil.which("javac") or skip("javac is not on this machine (Debian: default-jdk-headless)")
        source = os.path.join(HERE, "java/Interop.java")
        compiled = subprocess.run([compiler, "-cp", self.classpath, "-d", self.folder, source], capture_output=True,
                                  text=True, timeout=180)
        self.assertEqual(compiled.returncode, 0, compiled.stderr)

    def run_java(self, http2, *options):
        told = self.run_client(["java", "-cp", self.classpath, *options, "Interop", self.server.url, http2])
        # SubscribeToShard alone it asks for in JSON.
        self.assertEqual(told.pop("contentTypes"), "application/x-amz-cbor-1.1 application/x-amz-json-1.1")
        self.check(told)

    def test_speaks_cbor_and_subscribes_over_http2(self):
        self.run_java(self.cleartext_front())

    def test_subscribes_over_tls(self):
        http2 = self.tls_front()
        trusted = self.folder + "/trusted"
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "local", "-file", self.folder + "/cert.pem",
                        "-keystore", trusted, "-storepass", "changeit"], check=True, capture_output=True)
        self.run_java(http2, f"-Djavax.net.ssl.trustStore={trusted}", "-Djavax.net.ssl.trustStorePassword=changeit")


if __name__ == "__main__":
    main()
