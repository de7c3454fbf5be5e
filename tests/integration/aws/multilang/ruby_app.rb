#!/usr/bin/env ruby
# A consumer on aws-kclrb: each record is a line of KCLPP_TEST_FOLDER/records, and each batch is checkpointed.
require 'aws/kclrb'

class Recorder < Aws::KCLrb::V2::RecordProcessorBase
  def init_processor(input)
    @shard = input.shard_id
    note('calls', 'initialize', @shard, input.sequence_number)
  end

  def process_records(input)
    input.records.each do |record|
      note('records', @shard, record['sequenceNumber'], record['subSequenceNumber'], record['partitionKey'])
    end
    checkpoint(input, input.records.last['sequenceNumber'])
  end

  def lease_lost(_input)
    note('calls', 'leaseLost')
  end

  def shard_ended(input)
    checkpoint(input)
    note('calls', 'shardEnded', @shard)
  end

  def shutdown_requested(input)
    checkpoint(input)
    note('calls', 'shutdownRequested')
  end

  private

  def checkpoint(input, number = nil)
    input.checkpointer.checkpoint(number)
  rescue Aws::KCLrb::CheckpointError => e
    note('errors', e)
  end

  def note(file, *words)
    File.write(File.join(ENV['KCLPP_TEST_FOLDER'], file), "#{[Process.pid, *words].join(' ')}\n", mode: 'a')
  end
end

Aws::KCLrb::KCLProcess.new(Recorder.new).run
