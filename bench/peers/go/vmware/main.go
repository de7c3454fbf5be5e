// vmware-go-kcl-v2, which drops what it reads and stores a checkpoint every ten seconds and shard. What makes it wait
// is turned down: by its defaults a worker takes one shard a minute.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/config"
	kcl "github.com/vmware/vmware-go-kcl-v2/clientlibrary/interfaces"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/worker"
	"kclpp.bench/peers/count"
)

type factory struct{}

func (factory) CreateProcessor() kcl.IRecordProcessor { return &processor{stored: time.Now()} }

type processor struct{ stored time.Time }

func (p *processor) Initialize(*kcl.InitializationInput) {}

func (p *processor) ProcessRecords(input *kcl.ProcessRecordsInput) {
	if len(input.Records) == 0 {
		return
	}
	count.Add(len(input.Records))
	if time.Since(p.stored) < 10*time.Second {
		return
	}
	p.stored = time.Now()
	if err := input.Checkpointer.Checkpoint(input.Records[len(input.Records)-1].SequenceNumber); err != nil {
		fmt.Fprintln(os.Stderr, "checkpoint:", err)
	}
}

func (p *processor) Shutdown(*kcl.ShutdownInput) {}

func main() {
	flag.Parse()
	keys := credentials.NewStaticCredentialsProvider("local", "local", "")
	settings := config.NewKinesisClientLibConfigWithCredential(*count.Application, *count.Stream, "us-east-1", "peer", keys).
		WithKinesisEndpoint(os.Getenv("AWS_ENDPOINT_URL_KINESIS")).
		WithDynamoDBEndpoint(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")).
		WithInitialPositionInStream(config.TRIM_HORIZON).
		WithShardSyncIntervalMillis(200).
		WithIdleTimeBetweenReadsInMillis(200).
		WithMaxRecords(10000)
	w := worker.NewWorker(factory{}, settings)
	if err := w.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-count.Done
	w.Shutdown()
}
