import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;

/** Java KCL, which drops what it reads and stores a checkpoint every ten seconds and shard. */
public final class Peer {
  private static final AtomicLong seen = new AtomicLong();
  private static final CountDownLatch done = new CountDownLatch(1);
  private static long records;

  private static void count(int n) {
    long after = seen.addAndGet(n);
    if (after == n) System.out.println("first");
    if (after >= records && after - n < records) {
      System.out.println("done");
      done.countDown();
    }
  }

  private static final class Processor implements ShardRecordProcessor {
    private long stored = System.nanoTime();

    @Override
    public void initialize(InitializationInput input) {}

    @Override
    public void processRecords(ProcessRecordsInput input) {
      if (input.records().isEmpty()) return;
      count(input.records().size());
      if (System.nanoTime() - stored < TimeUnit.SECONDS.toNanos(10)) return;
      stored = System.nanoTime();
      try {
        input.checkpointer().checkpoint();
      } catch (Exception e) {
        System.err.println("checkpoint: " + e);
      }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {}

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {}
  }

  public static void main(String[] arguments) throws Exception {
    records = Long.parseLong(arguments[2]);
    String id = UUID.randomUUID().toString();
    var scheduler = Kcl.scheduler(arguments[0], arguments[1], id, 10_000, Processor::new);
    Thread worker = new Thread(scheduler, "scheduler");
    worker.setDaemon(true);
    worker.start();
    done.await();
    scheduler.startGracefulShutdown().get(30, TimeUnit.SECONDS);
    System.exit(0);
  }
}
