import java.net.URI;
import java.util.List;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.StreamConfig;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.FormerStreamsLeasesDeletionStrategy;
import software.amazon.kinesis.processor.MultiStreamTracker;
import software.amazon.kinesis.processor.ShardRecordProcessorFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A worker of Java KCL, 2.x and 3.x alike, on the servers that the environment names: polls, no metrics. One of 3.x works
 * as beside 2.x: its own ways need an index of the lease table, which dynalite does not make.
 */
final class Kcl {
  private Kcl() {}

  private static CoordinatorConfig compatible(CoordinatorConfig config) {
    try {
      for (Class<?> each : CoordinatorConfig.class.getDeclaredClasses()) {
        if (!each.getSimpleName().equals("ClientVersionConfig")) continue;
        Object version = each.getField("CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X").get(null);
        CoordinatorConfig.class.getMethod("clientVersionConfig", each).invoke(config, version);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
    return config;
  }

  private static final InitialPositionInStreamExtended BEGIN =
      InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);

  /** Multi-stream mode, of one stream. */
  private record OneOfSeveral(String stream, InitialPositionInStreamExtended begin) implements MultiStreamTracker {
    @Override
    public List<StreamConfig> streamConfigList() {
      return List.of(new StreamConfig(StreamIdentifier.multiStreamInstance(stream), begin));
    }

    @Override
    public FormerStreamsLeasesDeletionStrategy formerStreamsLeasesDeletionStrategy() {
      return new FormerStreamsLeasesDeletionStrategy.NoLeaseDeletionStrategy();
    }
  }

  /** {@code stream}: a name, or {@code <account>:<name>:<creation>} for multi-stream mode. */
  static Scheduler scheduler(
      String stream, String application, String workerId, long failoverMillis, ShardRecordProcessorFactory factory) {
    var keys = StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    // In clear text: HTTP/2, its default, wants TLS.
    var kinesis =
        KinesisAsyncClient.builder()
            .endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL_KINESIS")))
            .region(Region.US_EAST_1)
            .credentialsProvider(keys)
            .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1))
            .build();
    var dynamo =
        DynamoDbAsyncClient.builder()
            .endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL_DYNAMODB")))
            .region(Region.US_EAST_1)
            .credentialsProvider(keys)
            .build();
    var cloudWatch = CloudWatchAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(keys).build();
    boolean oneOfSeveral = stream.contains(":");
    var configs =
        oneOfSeveral
            ? new ConfigsBuilder(
                new OneOfSeveral(stream, BEGIN), application, kinesis, dynamo, cloudWatch, workerId, factory)
            : new ConfigsBuilder(
                new SingleStreamTracker(StreamIdentifier.singleStreamInstance(stream), BEGIN),
                application, kinesis, dynamo, cloudWatch, workerId, factory);
    var polling = oneOfSeveral ? new PollingConfig(kinesis) : new PollingConfig(stream, kinesis);
    polling.maxRecords(10_000).idleTimeBetweenReadsInMillis(200);
    return new Scheduler(
        configs.checkpointConfig(),
        compatible(configs.coordinatorConfig().parentShardPollIntervalMillis(1_000)),
        configs.leaseManagementConfig().failoverTimeMillis(failoverMillis),
        configs.lifecycleConfig(),
        configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
        configs.processorConfig(),
        configs.retrievalConfig().retrievalSpecificConfig(polling));
  }
}
