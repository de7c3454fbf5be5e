import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * A worker of Java KCL as a plain user writes it: each record to stdout as a line of JSON, as `kclpp consume` has it,
 * then a checkpoint. SIGTERM ends it in order. See ../mixed_java_test.py.
 */
public final class KclWorker {
  private static final OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static String line(String shard, KinesisClientRecord record) {
    byte[] data = new byte[record.data().remaining()];
    record.data().duplicate().get(data);
    return "{\"shard\":" + quoted(shard) + ",\"sequence_number\":" + quoted(record.sequenceNumber())
        + ",\"partition_key\":" + quoted(record.partitionKey()) + ",\"data\":"
        + quoted(Base64.getEncoder().encodeToString(data)) + "}\n";
  }

  private static synchronized void write(String lines) throws IOException {
    out.write(lines.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static final class Processor implements ShardRecordProcessor {
    private String shard;

    private void checkpoint(RecordProcessorCheckpointer checkpointer) {
      try {
        checkpointer.checkpoint();
      } catch (ShutdownException | InvalidStateException e) {
        System.err.println(shard + " checkpoint: " + e);
      }
    }

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      StringBuilder lines = new StringBuilder();
      for (KinesisClientRecord record : input.records()) lines.append(line(shard, record));
      try {
        write(lines.toString());
      } catch (IOException e) {
        // Java KCL goes on past a batch whose call threw.
        System.err.println(e);
        Runtime.getRuntime().halt(1);
      }
      if (!input.records().isEmpty()) checkpoint(input.checkpointer());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
      checkpoint(input.checkpointer());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      checkpoint(input.checkpointer());
    }
  }

  public static void main(String[] arguments) {
    var scheduler =
        Kcl.scheduler(arguments[0], arguments[1], arguments[2], Long.parseLong(arguments[3]), Processor::new);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
      } catch (Exception e) {
        System.err.println("shutdown: " + e);
      }
    }));
    scheduler.run();
  }
}
