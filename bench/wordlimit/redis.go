package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// The names that the count has in Redis.
const (
	redisStream = "ranges" // of the file, to be counted
	redisGroup  = "workers"
	redisCounts = "counts" // a sorted set
)

// redisBlock is how much of the file an entry of the stream stands for: the larger, the fewer words go to Redis twice.
const redisBlock = 64 << 20

// commit adds up the words of a range unless they have been, all at once: whoever comes second changes nothing.
var commit = redis.NewScript(`
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 1 then
  for i = 3, #ARGV, 2 do redis.call('ZINCRBY', KEYS[2], ARGV[i+1], ARGV[i]) end
end`)

// redisCount counts a file's words as the course's lab does: workers take ranges of it from a stream of a Redis server, which
// must be empty, and add up what they count in a sorted set.
func redisCount(ctx context.Context, address, input, output string, workers int) error {
	client := redis.NewClient(&redis.Options{Addr: address, ReadTimeout: time.Minute, WriteTimeout: time.Minute})
	defer client.Close()
	info, err := os.Stat(input)
	if err != nil {
		return err
	}
	if err := client.XGroupCreateMkStream(ctx, redisStream, redisGroup, "0").Err(); err != nil {
		return fmt.Errorf("redis %s: %w", address, err)
	}
	for from := int64(0); from < info.Size(); from += redisBlock {
		err := client.XAdd(ctx, &redis.XAddArgs{Stream: redisStream, Values: []any{"from", from, "to", min(from+redisBlock, info.Size())}}).Err()
		if err != nil {
			return fmt.Errorf("redis %s: %w", address, err)
		}
	}
	counting, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		counting.Go(func() error { return redisWork(ctx, client, strconv.Itoa(w), input) })
	}
	if err := counting.Wait(); err != nil {
		return fmt.Errorf("redis %s: %w", address, err)
	}
	return redisWrite(context.WithoutCancel(ctx), client, output)
}

// redisWork counts ranges until there are none.
func redisWork(ctx context.Context, client *redis.Client, name, input string) error {
	file, err := os.Open(input)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		streams, err := client.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: redisGroup, Consumer: name, Streams: []string{redisStream, ">"}, Count: 1, Block: -1,
		}).Result()
		if errors.Is(err, redis.Nil) {
			return nil // nobody here dies, so what others have is theirs
		}
		if err != nil {
			return err
		}
		for _, message := range streams[0].Messages {
			from, err1 := strconv.ParseInt(fmt.Sprint(message.Values["from"]), 10, 64)
			to, err2 := strconv.ParseInt(fmt.Sprint(message.Values["to"]), 10, 64)
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			t := newTable()
			if err := t.stretch(file, from, to); err != nil {
				return err
			}
			arguments := []any{redisGroup, message.ID}
			t.each(func(word string, count uint64) { arguments = append(arguments, word, count) })
			if err := commit.Run(ctx, client, []string{redisStream, redisCounts}, arguments...).Err(); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
		}
	}
}

// redisWrite writes the counts that Redis has.
func redisWrite(ctx context.Context, client *redis.Client, output string) error {
	const page = 100_000
	t := newTable()
	for from := int64(0); ; from += page {
		counts, err := client.ZRangeWithScores(ctx, redisCounts, from, from+page-1).Result()
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		for _, c := range counts {
			t.addWord(c.Member.(string), uint64(c.Score))
		}
		if len(counts) < page {
			return write(output, t)
		}
	}
}
