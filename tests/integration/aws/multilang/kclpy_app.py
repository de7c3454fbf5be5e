#!/usr/bin/env python3
"""A consumer on amazon_kclpy: each record is a line of KCLPP_TEST_FOLDER/records, and each batch is checkpointed: as
far as possible, or by its last record when KCLPP_TEST_CHECKPOINT is "record"."""
import os

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor

FOLDER = os.environ["KCLPP_TEST_FOLDER"]
BY_RECORD = os.environ.get("KCLPP_TEST_CHECKPOINT") == "record"


class Recorder(processor.RecordProcessorBase):
    def _note(self, file, *words):
        with open(os.path.join(FOLDER, file), "a", encoding="utf-8") as out:
            out.write(" ".join(map(str, [os.getpid(), *words])) + "\n")

    def initialize(self, initialize_input):
        self._shard = initialize_input.shard_id
        self._note("calls", "initialize", self._shard, initialize_input.sequence_number)

    def process_records(self, process_records_input):
        for record in process_records_input.records:
            self._note("records", self._shard, record.sequence_number, record.sub_sequence_number,
                       record.partition_key)
        if BY_RECORD:
            process_records_input.checkpointer.checkpoint(record.sequence_number, record.sub_sequence_number)
        else:
            process_records_input.checkpointer.checkpoint()

    def lease_lost(self, lease_lost_input):
        self._note("calls", "leaseLost")

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()
        self._note("calls", "shardEnded", self._shard)

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()
        self._note("calls", "shutdownRequested")


kcl.KCLProcess(Recorder()).run()
