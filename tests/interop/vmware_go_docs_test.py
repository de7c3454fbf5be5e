"""docs/migrating-from-vmware-go.md: no option of theirs is left out, and each test that it points at is there."""
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True

_ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# Every field of KinesisClientLibConfiguration (config/config.go of v1.0.0) that a user can set.
OPTIONS = """ApplicationName StreamName RegionName WorkerID TableName KinesisEndpoint DynamoDBEndpoint
KinesisCredentials DynamoDBCredentials
InitialPositionInStream InitialPositionInStreamExtended FailoverTimeMillis LeaseRefreshPeriodMillis
LeaseRefreshWaitTime MaxRecords IdleTimeBetweenReadsInMillis CallProcessRecordsEvenForEmptyRecordList
ParentShardPollIntervalMillis ShardSyncIntervalMillis MaxLeasesForWorker MaxRetryCount EnableEnhancedFanOutConsumer
EnhancedFanOutConsumerName EnhancedFanOutConsumerARN EnableLeaseStealing LeaseStealingIntervalMillis
LeaseStealingClaimTimeoutMillis LeaseSyncingTimeIntervalMillis InitialLeaseTableReadCapacity
InitialLeaseTableWriteCapacity Logger MonitoringService CleanupTerminatedShardsBeforeExpiry TaskBackoffTimeMillis
ValidateSequenceNumberBeforeCheckpointing ShutdownGraceMillis MaxLeasesToStealAtOneTime
SkipShardSyncAtWorkerInitializationIfLeasesExist""".split()


def section(title):
    with open(os.path.join(_ROOT, "docs", "migrating-from-vmware-go.md"), encoding="utf-8") as text:
        return next(part for part in text.read().split("\n## ") if part.startswith(title))


def rows(title):
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def known_tests():
    names = set()
    for folder, _, files in os.walk(os.path.join(_ROOT, "tests")):
        for file in files:
            if not file.endswith("_test.cc"):
                continue
            with open(os.path.join(folder, file), encoding="utf-8") as text:
                names |= {f"{suite}.{name}" for suite, name in
                          re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", text.read(), re.MULTILINE)}
    return names


class MigrationGuide(unittest.TestCase):
    def test_every_option_of_theirs_is_there_once(self):
        named = [name for row in rows("Options") for name in re.findall(r"`(\w+)`", row[0])]
        self.assertEqual(sorted(named), sorted(OPTIONS))

    def test_each_defect_is_there_and_names_tests_that_exist(self):
        defects = rows("Their defects")
        self.assertEqual([row[0] for row in defects], [str(number) for number in range(1, 27)])
        tests = known_tests()
        missing = [name for row in defects for name in re.findall(r"`(\w+\.\w+)`", row[3]) if name not in tests]
        self.assertEqual(missing, [])
        unproven = [row[0] for row in defects if not re.search(r"`\w+\.\w+`", row[3])]
        self.assertEqual(unproven, [])

    def test_a_test_that_names_a_defect_is_named_beside_it(self):
        beside = {name: row[0] for row in rows("Their defects") for name in re.findall(r"`(\w+\.\w+)`", row[3])}
        for name in known_tests():
            number = re.search(r"\.Defect(\d+)", name)
            if number:
                self.assertEqual(beside.get(name), number[1], name)


if __name__ == "__main__":
    unittest.main()
