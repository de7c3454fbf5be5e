// kinesisclient: AWS's SDK for Go on the server in the environment: it writes, reads, reshards and subscribes, and tells
// on stdout what came of it, as one line of JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

const (
	streamName = "interop"
	shardID    = "shardId-000000000000"
	records    = 300
	middle     = "170141183460469231731687303715884105728"
)

func data(i int) []byte { return []byte(fmt.Sprintf("record %d %s", i, strings.Repeat("x", i))) }

func same(read []types.Record) bool {
	for i, record := range read {
		if !bytes.Equal(record.Data, data(i)) {
			return false
		}
	}
	return len(read) == records
}

type client struct {
	*kinesis.Client
	ctx context.Context
}

func (c client) put() error {
	var entries []types.PutRecordsRequestEntry
	for i := 0; i < records; i++ {
		entries = append(entries, types.PutRecordsRequestEntry{
			PartitionKey: aws.String("key"), ExplicitHashKey: aws.String("0"), Data: data(i)})
	}
	answer, err := c.PutRecords(c.ctx, &kinesis.PutRecordsInput{StreamName: aws.String(streamName), Records: entries})
	if err == nil && *answer.FailedRecordCount > 0 {
		err = fmt.Errorf("%d records were refused", *answer.FailedRecordCount)
	}
	return err
}

func (c client) active() (string, error) {
	for {
		answer, err := c.DescribeStreamSummary(c.ctx,
			&kinesis.DescribeStreamSummaryInput{StreamName: aws.String(streamName)})
		if err != nil {
			return "", err
		}
		if answer.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return *answer.StreamDescriptionSummary.StreamARN, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// read goes to the end of the shard.
func (c client) read() (read []types.Record, children int, err error) {
	start, err := c.GetShardIterator(c.ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String(streamName),
		ShardId: aws.String(shardID), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if err != nil {
		return nil, 0, err
	}
	iterator := start.ShardIterator
	for {
		page, err := c.GetRecords(c.ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(100)})
		if err != nil {
			return nil, 0, err
		}
		read = append(read, page.Records...)
		if page.NextShardIterator == nil {
			return read, len(page.ChildShards), nil
		}
		iterator = page.NextShardIterator
		time.Sleep(250 * time.Millisecond)
	}
}

func (c client) consumer(streamARN string) (string, error) {
	registered, err := c.RegisterStreamConsumer(c.ctx,
		&kinesis.RegisterStreamConsumerInput{StreamARN: &streamARN, ConsumerName: aws.String("app")})
	if err != nil {
		return "", err
	}
	arn := registered.Consumer.ConsumerARN
	for {
		answer, err := c.DescribeStreamConsumer(c.ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: arn})
		if err != nil {
			return "", err
		}
		if answer.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return *arn, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// subscribe goes to the end of the shard.
func (c client) subscribe(consumerARN string) (read []types.Record, children int, err error) {
	answer, err := c.SubscribeToShard(c.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: &consumerARN,
		ShardId: aws.String(shardID), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})
	if err != nil {
		return nil, 0, err
	}
	stream := answer.GetStream()
	defer stream.Close()
	for event := range stream.Events() {
		if shard, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent); ok {
			read = append(read, shard.Value.Records...)
			children += len(shard.Value.ChildShards)
		}
	}
	return read, children, stream.Err()
}

func run() (map[string]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	c := client{kinesis.NewFromConfig(settings), ctx}
	_, err = c.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String(streamName), ShardCount: aws.Int32(1)})
	if err != nil {
		return nil, err
	}
	streamARN, err := c.active()
	if err != nil {
		return nil, err
	}
	if err := c.put(); err != nil {
		return nil, err
	}
	_, err = c.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: aws.String(streamName),
		ShardToSplit: aws.String(shardID), NewStartingHashKey: aws.String(middle)})
	if err != nil {
		return nil, err
	}
	if _, err := c.active(); err != nil {
		return nil, err
	}
	shards, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String(streamName)})
	if err != nil {
		return nil, err
	}
	polled, children, err := c.read()
	if err != nil {
		return nil, err
	}
	var refused smithy.APIError
	if _, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("garbage")}); !errors.As(err, &refused) {
		return nil, fmt.Errorf("an iterator of garbage: %v", err)
	}
	consumerARN, err := c.consumer(streamARN)
	if err != nil {
		return nil, err
	}
	pushed, pushedChildren, err := c.subscribe(consumerARN)
	return map[string]any{"read": len(polled), "same": same(polled), "shards": len(shards.Shards), "children": children,
		"refused": refused.ErrorCode(), "subscribed": len(pushed), "subscribedSame": same(pushed),
		"subscribedChildren": pushedChildren}, err
}

func main() {
	told, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		os.Exit(1)
	}
}
