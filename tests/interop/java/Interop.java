// AWS's SDK for Java on the server in the environment: it writes, reads, reshards and subscribes, and tells on stdout
// what came of it, as one line of JSON. Synchronous calls go to argument 1; the subscription, by HTTP/2, to argument 2.

import java.math.BigInteger;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.ProtocolNegotiation;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;
import software.amazon.awssdk.services.kinesis.model.Record;

public final class Interop {
  private static final String STREAM = "interop";
  private static final String SHARD = "shardId-000000000000";
  private static final int RECORDS = 300;

  private final KinesisClient client;
  private final Set<String> contentTypes = new TreeSet<>();

  private Interop(URI endpoint) {
    client = KinesisClient.builder().endpointOverride(endpoint).httpClient(UrlConnectionHttpClient.create())
        .overrideConfiguration(recording()).build();
  }

  /** Notes what protocol is spoken. */
  private ClientOverrideConfiguration recording() {
    return ClientOverrideConfiguration.builder().addExecutionInterceptor(new ExecutionInterceptor() {
      @Override
      public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
        context.httpRequest().firstMatchingHeader("Content-Type").ifPresent(contentTypes::add);
      }
    }).build();
  }

  private static SdkBytes data(int i) {
    return SdkBytes.fromUtf8String("record " + i + " " + "x".repeat(i));
  }

  private static boolean same(List<Record> records) {
    for (int i = 0; i < records.size(); ++i) {
      if (!records.get(i).data().equals(data(i))) return false;
    }
    return records.size() == RECORDS;
  }

  private String active() throws InterruptedException {
    while (true) {
      StreamDescriptionSummary stream =
          client.describeStreamSummary(request -> request.streamName(STREAM)).streamDescriptionSummary();
      if (stream.streamStatus() == StreamStatus.ACTIVE) return stream.streamARN();
      Thread.sleep(50);
    }
  }

  private void put() {
    List<PutRecordsRequestEntry> entries = new ArrayList<>();
    for (int i = 0; i < RECORDS; ++i) {
      entries.add(PutRecordsRequestEntry.builder().partitionKey("key").explicitHashKey("0").data(data(i)).build());
    }
    int failed = client.putRecords(request -> request.streamName(STREAM).records(entries)).failedRecordCount();
    if (failed > 0) throw new IllegalStateException(failed + " records were refused");
  }

  /** To the end of the shard; the number of its children. */
  private int read(List<Record> records) throws InterruptedException {
    String iterator = client.getShardIterator(request -> request.streamName(STREAM).shardId(SHARD)
        .shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
    while (true) {
      String at = iterator;
      GetRecordsResponse page = client.getRecords(request -> request.shardIterator(at).limit(100));
      records.addAll(page.records());
      iterator = page.nextShardIterator();
      if (iterator == null) return page.childShards().size();
      Thread.sleep(250);
    }
  }

  private String consumer(String stream) throws InterruptedException {
    String arn = client.registerStreamConsumer(request -> request.streamARN(stream).consumerName("app"))
        .consumer().consumerARN();
    while (true) {
      ConsumerStatus status = client.describeStreamConsumer(request -> request.consumerARN(arn))
          .consumerDescription().consumerStatus();
      if (status == ConsumerStatus.ACTIVE) return arn;
      Thread.sleep(50);
    }
  }

  /** To the end of the shard; its children are appended to. */
  private void subscribe(URI endpoint, String consumer, List<Record> records, List<ChildShard> children)
      throws Exception {
    // Unless it negotiates, the SDK begins with HTTP/2, which Amazon's servers take over TLS and nghttpx only without.
    ProtocolNegotiation negotiation = endpoint.getScheme().equals("https") ? ProtocolNegotiation.ALPN
        : ProtocolNegotiation.ASSUME_PROTOCOL;
    try (KinesisAsyncClient async = KinesisAsyncClient.builder().endpointOverride(endpoint)
             .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocolNegotiation(negotiation))
             .overrideConfiguration(recording()).build()) {
      SubscribeToShardResponseHandler handler = SubscribeToShardResponseHandler.builder()
          .subscriber(SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(event -> {
            records.addAll(event.records());
            children.addAll(event.childShards());
          }).build()).build();
      async.subscribeToShard(request -> request.consumerARN(consumer).shardId(SHARD)
          .startingPosition(start -> start.type(ShardIteratorType.TRIM_HORIZON)), handler).get(60, TimeUnit.SECONDS);
    }
  }

  private String run(URI http2) throws Exception {
    client.createStream(request -> request.streamName(STREAM).shardCount(1));
    String stream = active();
    put();
    String middle = BigInteger.ONE.shiftLeft(127).toString();
    client.splitShard(request -> request.streamName(STREAM).shardToSplit(SHARD).newStartingHashKey(middle));
    active();
    int shards = client.listShards(request -> request.streamName(STREAM)).shards().size();
    List<Record> polled = new ArrayList<>();
    int children = read(polled);
    String refused = "";
    try {
      client.getRecords(request -> request.shardIterator("garbage"));
    } catch (KinesisException exception) {
      refused = exception.awsErrorDetails().errorCode();
    }
    List<Record> pushed = new ArrayList<>();
    List<ChildShard> pushedChildren = new ArrayList<>();
    subscribe(http2, consumer(stream), pushed, pushedChildren);
    return String.format("{\"read\": %d, \"same\": %b, \"shards\": %d, \"children\": %d, \"refused\": \"%s\", "
            + "\"subscribed\": %d, \"subscribedSame\": %b, \"subscribedChildren\": %d, \"contentTypes\": \"%s\"}",
        polled.size(), same(polled), shards, children, refused, pushed.size(), same(pushed), pushedChildren.size(),
        String.join(" ", contentTypes));
  }

  public static void main(String[] arguments) throws Exception {
    System.out.println(new Interop(URI.create(arguments[0])).run(URI.create(arguments[1])));
  }
}
