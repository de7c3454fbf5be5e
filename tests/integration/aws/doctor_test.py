"""`kclpp doctor` on real servers: what it says of a fleet that is well, and of what is not there.

usage: doctor_test.py KCLPP [unittest arguments]
"""
import json
import subprocess
import sys

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main


class Doctor(FleetTest):
    shards = 2

    def doctor(self, *arguments, code=0, **environment):
        command = [self.kclpp, "doctor", "--json", *map(str, arguments)]
        done = subprocess.run(command, env=self.servers.environment(**environment), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, cwd=self.dir, check=False)
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)["findings"]

    def texts(self, findings, severity):
        return [finding["text"] for finding in findings if finding["severity"] == severity]

    def assert_says(self, findings, severity, *parts):
        texts = self.texts(findings, severity)
        self.assertTrue(any(all(part in text for part in parts) for text in texts), findings)

    def test_a_live_fleet_has_no_problem_and_nothing_is_changed(self):
        putter = self.put(100)
        putter.wait()
        with self.fleet("dynamodb") as fleet:
            fleet.start()
            self.wait_until_delivered(fleet, putter.puts())
            found = self.doctor("--stream", self.stream, "--application", self.application)
            rows = self.servers.scan(self.application)
            self.end(fleet)
        self.assertEqual(self.texts(found, "problem"), [])
        self.assertEqual({row["leaseKey"]["S"][:8] for row in rows}, {"shardId-"}, "the doctor leaves no row behind")
        self.assertTrue(all("kclppDoctor" not in row for row in rows))
        self.assert_says(found, "good", "allowed, as tried", "kinesis:GetRecords", "dynamodb:PutItem",
                         "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan")
        self.assert_says(found, "good", f"stream {self.stream} is ACTIVE", "2 open shards")
        self.assert_says(found, "good", f"lease table {self.application} is ACTIVE", "on demand")
        self.assert_says(found, "good", "2 leases, none stuck, 1 workers")
        self.assert_says(found, "good", "the lease table costs about $")
        self.assert_says(found, "not_checked", "whose credentials", "other servers than AWS's own")
        self.assertNotIn(self.servers.exports["AWS_SECRET_ACCESS_KEY"] + '"', json.dumps(found))
        order = ["problem", "warning", "not_checked", "good"]
        self.assertEqual([order.index(one["severity"]) for one in found],
                         sorted(order.index(one["severity"]) for one in found))

    def test_a_table_that_is_not_there_yet_is_a_warning_and_is_not_made(self):
        found = self.doctor("--stream", self.stream, "--application", self.application)
        self.assert_says(found, "warning", f"lease table {self.application} does not exist")
        self.assert_says(found, "not_checked", "dynamodb:CreateTable")
        self.assertIsNone(self.servers.scan(self.application))

    def test_a_stream_that_is_not_there_is_a_problem(self):
        found = self.doctor("--stream", "elsewhere", code=1)
        self.assert_says(found, "problem", "stream elsewhere")
        self.assertIn("advice", found[0])

    def test_a_table_of_something_else_is_a_problem(self):
        self.servers.admin("create-table", self.application, "id")
        found = self.doctor("--application", self.application, code=1)
        self.assert_says(found, "problem", "is not a lease table")

    def test_credentials_that_are_missing_are_a_problem(self):
        found = self.doctor("--stream", self.stream, code=1, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        self.assert_says(found, "problem", "AWS cannot be asked")

    def test_a_policy_is_printed_without_asking_anyone(self):
        arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
        done = subprocess.run([self.kclpp, "doctor", "--print", "iam", "--stream", arn, "--application", "billing"],
                              env={}, capture_output=True, text=True, timeout=60, check=True)
        policy = json.loads(done.stdout)
        self.assertEqual([statement["Resource"] for statement in policy["Statement"]],
                         [arn, "arn:aws:dynamodb:eu-west-1:123456789012:table/billing"])
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    main()
