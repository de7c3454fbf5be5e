"""Credentials as users have them on EC2, ECS, EKS and with IAM Identity Center: `kclpp consume` reads from a
`kclpp local` that checks signatures, and `kclpp doctor` says where the credentials are from. The services that give
them are played on loopback, and insist on their protocols.

usage: credentials_test.py KCLPP [unittest arguments]
"""
import datetime
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../interop"))
sys.dont_write_bytecode = True

from local_server import LocalServer, clean_environment

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None
KEY, SECRET, TOKEN = "ASIALOCALEXAMPLE", "local/secret+key", "session/token=="
ROLE = "arn:aws:iam::123456789012:role/reader"


def in_an_hour():
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)


def soon():
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)


def local_keys(expiration=None):
    return json.dumps({"Code": "Success", "AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": TOKEN,
                       "Expiration": (expiration or in_an_hour()).strftime("%Y-%m-%dT%H:%M:%SZ")})


def sts_keys(action):
    expiration = in_an_hour().strftime("%Y-%m-%dT%H:%M:%SZ")
    return (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
            f"<AccessKeyId>{KEY}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
            f"<SessionToken>{TOKEN}</SessionToken><Expiration>{expiration}</Expiration>"
            f"</Credentials></{action}Result></{action}Response>")


def sso_keys():
    return json.dumps({"roleCredentials": {"accessKeyId": KEY, "secretAccessKey": SECRET, "sessionToken": TOKEN,
                                           "expiration": int(in_an_hour().timestamp() * 1000)}})


class Handler(http.server.BaseHTTPRequestHandler):
    """All who give credentials, on one port."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        if self.path != "/latest/api/token" or not self.headers.get("x-aws-ec2-metadata-token-ttl-seconds"):
            return self.answer(400)
        self.answer(200, "metadata-token")

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/v1/credentials":
            return self.answer(200, local_keys()) if self.headers.get("Authorization") == "pod" else self.answer(403)
        if path == "/short-lived":
            self.server.asked.append(path)
            return self.answer(200, local_keys(soon()))
        if path == "/federation/credentials":
            asked = dict(urllib.parse.parse_qsl(query))
            fine = asked == {"role_name": "Reader", "account_id": "123456789012"}
            fine = fine and self.headers.get("x-amz-sso_bearer_token") == "login-token"
            return self.answer(200, sso_keys()) if fine else self.answer(401)
        if self.headers.get("x-aws-ec2-metadata-token") != "metadata-token":
            return self.answer(401)
        items = {"placement/region": "us-east-1", "iam/security-credentials/": "reader",
                 "iam/security-credentials/reader": local_keys()}
        item = items.get(path.removeprefix("/latest/meta-data/"))
        self.answer(200, item) if item else self.answer(404)

    def do_POST(self):
        asked = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        action = asked.get("Action")
        signed = self.headers.get("Authorization", "")
        fine = asked.get("Version") == "2011-06-15" and asked.get("RoleArn") == ROLE
        if action == "AssumeRoleWithWebIdentity":
            fine = fine and asked.get("WebIdentityToken") == "web-token" and not signed
        elif action == "AssumeRole":
            fine = fine and "Credential=BASEKEY/" in signed and "/us-east-1/sts/aws4_request" in signed
        else:
            fine = False
        self.answer(200, sts_keys(action)) if fine else self.answer(403)


class Credentials(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        os.makedirs(f"{self.folder}/.aws/sso/cache")
        self.server = self.enterContext(
            LocalServer(PROGRAM, "--stream", "orders:1", "--credentials", f"{KEY}:{SECRET}"))
        self.givers = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.givers.asked = []
        threading.Thread(target=self.givers.serve_forever, daemon=True).start()
        self.addCleanup(self.givers.server_close)
        self.addCleanup(self.givers.shutdown)
        self.url = f"http://127.0.0.1:{self.givers.server_port}"

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        return f"{self.folder}/{name}"

    def environment(self, **variables):
        environment = clean_environment(HOME=self.folder, AWS_REGION="us-east-1",
                                        AWS_ENDPOINT_URL_KINESIS=self.server.url, AWS_ENDPOINT_URL_STS=self.url,
                                        AWS_ENDPOINT_URL_SSO=self.url)
        environment.update(variables)
        return environment

    def run_program(self, *arguments, **variables):
        done = subprocess.run([PROGRAM, *arguments], env=self.environment(**variables), capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        for secret in (SECRET, TOKEN, "web-token", "login-token", "metadata-token", "base/secret"):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def works(self, source, **variables):
        """The stream can be read, and the doctor says whose credentials it is read with."""
        done = self.run_program("consume", "--stream", "orders", "--from", "TRIM_HORIZON", "--exit-when-caught-up",
                                **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(source, done.stderr, "the log says whose credentials are used")
        done = self.run_program("doctor", "--stream", "orders", **variables)
        self.assertIn(f"credentials ASIA…MPLE from {source}", done.stdout, done.stderr)

    def refused(self, says, **variables):
        done = self.run_program("consume", "--stream", "orders", "--from", "TRIM_HORIZON", "--exit-when-caught-up",
                                **variables)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(says, done.stderr)

    def test_pod_identity(self):
        token = self.write("token", "pod")
        self.works("the container's service", AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/v1/credentials",
                   AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token)
        self.write("token", "somebody else")
        self.refused("the container's credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI): HTTP status 403",
                     AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/v1/credentials",
                     AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token)

    def test_instance_with_its_region(self):
        self.works("EC2 instance metadata (role reader)", AWS_EC2_METADATA_DISABLED="false", AWS_REGION="",
                   AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)

    def test_web_identity(self):
        self.works("a web identity", AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=self.write("token", "web-token"))

    def test_role_of_a_profile(self):
        self.write(".aws/config", f"[profile reader]\nrole_arn = {ROLE}\nsource_profile = base\n")
        self.write(".aws/credentials", "[base]\naws_access_key_id = BASEKEY\naws_secret_access_key = base/secret\n")
        self.works("profile 'reader' (role arn:aws:iam::123456789012:role/reader, assumed by profile 'base'",
                   AWS_PROFILE="reader")

    def test_for_one_service_alone(self):
        """The credentials of all are wrong for the stream; those that count for Kinesis are right."""
        base = {"AWS_ACCESS_KEY_ID": "BASEKEY", "AWS_SECRET_ACCESS_KEY": "base/secret"}
        self.refused("UnrecognizedClientException", **base)
        self.write(".aws/config", f"[profile reader]\naws_access_key_id = {KEY}\n"
                   f"aws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n")
        for flags, source in ((["--kinesis-role", ROLE], f"role {ROLE}, assumed by the environment"),
                              (["--kinesis-profile", "reader"], "profile 'reader'")):
            done = self.run_program("consume", "--stream", "orders", "--from", "TRIM_HORIZON",
                                    "--exit-when-caught-up", *flags, **base)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"for=kinesis from=\"{source}", done.stderr)
            done = self.run_program("doctor", "--stream", "orders", "--cloudwatch", "kclpp", "--cloudwatch-namespace",
                                    "n", *flags, **base)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(f"kinesis: credentials ASIA…MPLE from {source}", done.stdout)
            self.assertIn("cloudwatch: credentials ", done.stdout)
            self.assertIn("from the environment", done.stdout)
            self.assertIn("stream orders is ACTIVE", done.stdout)

    def test_tools_look_at_the_stream_in_its_own_name(self):
        base = {"AWS_ACCESS_KEY_ID": "BASEKEY", "AWS_SECRET_ACCESS_KEY": "base/secret"}
        table = ("--application", "billing", "--lease-store", f"sqlite:{self.folder}/leases", "--stream", "orders")
        role = ("--kinesis-role", ROLE)
        done = self.run_program("consume", *table, *role, "--from", "TRIM_HORIZON", "--exit-when-caught-up", **base)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.run_program("leases", "list", *table, *role, "--watch", "0", **base)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("shardId-000000000000", done.stdout)
        done = self.run_program("leases", "list", *table, "--watch", "0", **base)
        self.assertIn("UnrecognizedClientException", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_identity_center(self):
        self.write(".aws/config", "[default]\nsso_session = corp\nsso_account_id = 123456789012\n"
                   "sso_role_name = Reader\n[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://x\n")
        self.refused("run `aws sso login --profile default`")
        self.write(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
                   json.dumps({"accessToken": "login-token", "expiresAt": in_an_hour().strftime("%Y-%m-%dT%H:%M:%SZ")}))
        self.works("profile 'default' (IAM Identity Center, Reader in account 123456789012)")

    def test_they_are_renewed_while_a_worker_runs(self):
        environment = self.environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/short-lived")
        with subprocess.Popen([PROGRAM, "consume", "--stream", "orders", "--log-level", "warning"], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as worker:
            self.addCleanup(worker.kill)
            patience = time.monotonic() + 120
            while len(self.givers.asked) < 4 and worker.poll() is None and time.monotonic() < patience:
                time.sleep(0.05)
            self.assertGreaterEqual(len(self.givers.asked), 4)
            worker.send_signal(signal.SIGTERM)
            complaints = worker.stderr.read()
        self.assertEqual((worker.returncode, complaints), (0, ""))

    def test_names_that_java_has_for_them(self):
        pod = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.url}/v1/credentials",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod"}
        web = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": self.write("token", "web-token")}
        instance = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}
        base = {"AWS_ACCESS_KEY_ID": "BASEKEY", "AWS_SECRET_ACCESS_KEY": "base/secret"}
        everything = {**pod, **web, **instance, **base}
        for name, source, variables in (
                ("ContainerCredentialsProvider", "the container's service", everything),
                ("WebIdentityTokenFileCredentialsProvider", "a web identity", everything),
                ("InstanceProfileCredentialsProvider", "EC2 instance metadata (role reader)", everything),
                (f"StsAssumeRoleCredentialsProvider|{ROLE}|me", f"role {ROLE}, assumed by the environment", everything),
                ("EnvironmentVariableCredentialsProvider,ContainerCredentialsProvider", "the container's service", pod),
                ("DefaultCredentialsProvider", "the environment", everything)):
            properties = self.write("daemon.properties", f"executableName = /bin/cat\nstreamName = orders\n"
                                    f"applicationName = billing\nAwsCredentialsProvider = {name}\n"
                                    "dynamoDBEndpoint = http://127.0.0.1:1\n")
            with subprocess.Popen([PROGRAM, "multilang", "--properties-file", properties], text=True,
                                  env=self.environment(**variables), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as daemon:
                self.addCleanup(daemon.kill)
                said = []
                for line in daemon.stderr:
                    said.append(line)
                    if "access_key_id" in line:
                        break
                daemon.kill()
            self.assertIn(source, said[-1], "".join(said))

    def test_nothing_anywhere(self):
        self.refused("no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set; "
                     "AWS_WEB_IDENTITY_TOKEN_FILE not set; there are no keys")


if __name__ == "__main__":
    unittest.main(verbosity=2)
