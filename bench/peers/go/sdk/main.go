// The loop that a program writes with AWS's SDK for Go alone: a goroutine a shard, no leases, no checkpoints.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"kclpp.bench/peers/count"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func read(client *kinesis.Client, shard string) {
	begin := must(client.GetShardIterator(context.Background(), &kinesis.GetShardIteratorInput{
		StreamName: count.Stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}))
	for iterator := begin.ShardIterator; iterator != nil; {
		sent := time.Now()
		answer := must(client.GetRecords(context.Background(), &kinesis.GetRecordsInput{
			ShardIterator: iterator, Limit: aws.Int32(10000)}))
		if len(answer.Records) > 0 {
			count.Add(len(answer.Records))
		}
		iterator = answer.NextShardIterator
		time.Sleep(200*time.Millisecond - time.Since(sent))
	}
}

func main() {
	flag.Parse()
	client := kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_KINESIS")),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	shards := must(client.ListShards(context.Background(), &kinesis.ListShardsInput{StreamName: count.Stream}))
	for _, shard := range shards.Shards {
		go read(client, *shard.ShardId)
	}
	<-count.Done
}
