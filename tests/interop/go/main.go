// A worker of vmware-go-kcl-v2 as a plain user writes it: each record to stdout as a line of JSON, then a checkpoint.
// It lives on one lease table with workers of kclpp: see ../mixed_fleet_test.py. SIGTERM ends it in order.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/config"
	kcl "github.com/vmware/vmware-go-kcl-v2/clientlibrary/interfaces"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/worker"
)

// What `kclpp consume` prints of a record, as far as the test looks at it.
type line struct {
	Shard        string `json:"shard"`
	Number       string `json:"sequence_number"`
	PartitionKey string `json:"partition_key"`
	Data         string `json:"data"`
}

type output struct {
	mutex  sync.Mutex
	stdout *bufio.Writer
}

func (o *output) write(lines []line) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if _, err := o.stdout.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return o.stdout.Flush()
}

type factory struct{ output *output }

func (f *factory) CreateProcessor() kcl.IRecordProcessor { return &processor{output: f.output} }

type processor struct {
	output *output
	shard  string
}

func (p *processor) Initialize(input *kcl.InitializationInput) { p.shard = input.ShardId }

func (p *processor) ProcessRecords(input *kcl.ProcessRecordsInput) {
	if len(input.Records) == 0 {
		return
	}
	lines := make([]line, 0, len(input.Records))
	for _, record := range input.Records {
		lines = append(lines, line{
			Shard:        p.shard,
			Number:       aws.ToString(record.SequenceNumber),
			PartitionKey: aws.ToString(record.PartitionKey),
			Data:         base64.StdEncoding.EncodeToString(record.Data),
		})
	}
	if err := p.output.write(lines); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	last := input.Records[len(input.Records)-1].SequenceNumber
	if err := input.Checkpointer.Checkpoint(last); err != nil {
		fmt.Fprintln(os.Stderr, p.shard, "checkpoint:", err)
	}
}

func (p *processor) Shutdown(input *kcl.ShutdownInput) {
	if input.ShutdownReason != kcl.TERMINATE {
		return
	}
	if err := input.Checkpointer.Checkpoint(nil); err != nil {
		fmt.Fprintln(os.Stderr, p.shard, "checkpoint at the end:", err)
	}
}

func main() {
	stream := flag.String("stream", "", "")
	application := flag.String("application", "", "")
	id := flag.String("worker-id", "", "")
	failover := flag.Int("failover-ms", 10000, "")
	sync := flag.Int("sync-ms", 60000, "ShardSyncIntervalMillis and LeaseSyncingTimeIntervalMillis")
	parents := flag.Int("parent-poll-ms", 10000, "")
	stealing := flag.Bool("stealing", true, "")
	maxLeases := flag.Int("max-leases", 100, "")
	flag.Parse()

	keys := credentials.NewStaticCredentialsProvider("local", "local", "")
	settings := config.NewKinesisClientLibConfigWithCredential(*application, *stream, "us-east-1", *id, keys).
		WithKinesisEndpoint(os.Getenv("AWS_ENDPOINT_URL_KINESIS")).
		WithDynamoDBEndpoint(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")).
		WithInitialPositionInStream(config.TRIM_HORIZON).
		WithFailoverTimeMillis(*failover).
		WithLeaseRefreshWaitTime(*failover / 4).
		WithShardSyncIntervalMillis(*sync).
		WithLeaseSyncingIntervalMillis(*sync).
		WithIdleTimeBetweenReadsInMillis(500).
		WithMaxRecords(100).
		WithMaxLeasesForWorker(*maxLeases).
		WithLeaseStealing(*stealing)
	settings.ParentShardPollIntervalMillis = *parents

	w := worker.NewWorker(&factory{output: &output{stdout: bufio.NewWriter(os.Stdout)}}, settings)
	if err := w.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	w.Shutdown()
}
