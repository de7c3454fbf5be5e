"""A fleet whose way to both servers breaks in every way at once; faults_test.py has each kind by itself.

usage: mixed_faults_test.py KCLPP [unittest arguments]

KCLPP_TEST_SEED seeds the chance of the faults (1).
"""
import sys

sys.dont_write_bytecode = True

from fault_proxy import FAULTS
from faults_case import FaultsTest
from fleet_case import main

# What a fault is given beside its name. Error names that mean an end (no such stream) are no passing faults.
DETAILS = {
    "stall_before": {"seconds": 1}, "stall_after": {"seconds": 1}, "skewed_date": {"seconds": -3600},
    "oversized": {"bytes": 8 << 20}, "error": {"error": "InternalServerError", "status": 500},
}
THROTTLES = {"KINESIS": ("ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException"),
             "DYNAMODB": ("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException")}


def everything(service, operations, probability):
    """Each fault by itself with the same small chance, for each of the operations."""
    faults = [{"fault": fault, **DETAILS.get(fault, {})} for fault in FAULTS]
    faults += [{"fault": "error", "error": name} for name in THROTTLES[service]]
    return [{"operation": operation, "probability": probability, **fault}
            for operation in operations for fault in faults]


class MixedFaults(FaultsTest):
    def test_keeps_every_promise(self):
        self.kinesis.rules = everything("KINESIS", ("GetRecords", "GetShardIterator", "ListShards"), 0.002)
        self.dynamodb.rules = everything("DYNAMODB", ("UpdateItem", "GetItem", "Scan"), 0.01)
        self.run_fleet(seconds=5)
        self.spoiled(self.kinesis)
        self.spoiled(self.dynamodb)


if __name__ == "__main__":
    main()
