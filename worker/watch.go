package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"

	"flashmob/manifest"
)

// Watcher takes in what is said of a run. Its methods are called by one goroutine, one after the other.
type Watcher interface {
	// Watches says what the run is, before anything else.
	Watches(run manifest.Run)
	// Hears takes in what a worker says of itself.
	Hears(Metrics)
	// Reads takes in what the initializer says of the run.
	Reads(Bulletin)
}

// Watch joins a run to watch it, and nothing else. It returns when the run is over or ctx ends.
func Watch(ctx context.Context, config Config, watcher Watcher) error {
	if err := config.check(); err != nil {
		return err
	}
	nc, err := connect(config)
	if err != nil {
		return err
	}
	defer nc.Close()
	return awake(ctx, nc.IsConnected, func(ctx context.Context) error {
		ctx, giveUp := context.WithCancelCause(ctx)
		var helpers sync.WaitGroup
		defer helpers.Wait()
		defer giveUp(nil)
		helpers.Go(func() { giveUpAlone(ctx, nc, config.InitializerWait, giveUp) })
		m, err := join(ctx, config, nc)
		if err != nil || m.over {
			return err
		}
		watching, stop := context.WithCancel(ctx)
		defer stop()
		helpers.Go(func() {
			if _, err := m.ended.NextMsgWithContext(watching); err == nil {
				stop()
			}
		})
		err = watch(watching, nc, m.spec.Run, watcher)
		if errors.Is(context.Cause(ctx), ErrAlone) {
			err = context.Cause(ctx)
		}
		return err
	})
}

// Watch lets a watcher of this process watch the run, until ctx ends or the log is closed.
func (in *Initializer) Watch(ctx context.Context, watcher Watcher) error {
	return watch(ctx, in.nc, in.Folder.Run, watcher)
}

// watch passes on what is said until ctx ends, and then what has come already. From the call of Watches on nothing is missed.
func watch(ctx context.Context, nc *nats.Conn, run manifest.Run, watcher Watcher) error {
	said := make(chan *nats.Msg, 1024)
	for _, subject := range []string{metricsSubject, bulletinSubject} {
		listening, err := nc.ChanSubscribe(subject, said)
		if err != nil {
			return fmt.Errorf("subscribe %s: %w", subject, err)
		}
		defer listening.Unsubscribe()
	}
	if err := nc.Flush(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	watcher.Watches(run)
	for {
		select {
		case <-ctx.Done():
			if !nc.IsClosed() { // what was said before has then come
				if err := nc.FlushTimeout(ackWait); err != nil {
					return nil
				}
			}
			for len(said) > 0 {
				if err := hear(<-said, watcher); err != nil {
					return err
				}
			}
			return nil
		case msg := <-said:
			if err := hear(msg, watcher); err != nil {
				return err
			}
		}
	}
}

// hear passes on one message.
func hear(msg *nats.Msg, watcher Watcher) error {
	if msg.Subject == bulletinSubject {
		var b Bulletin
		if err := json.Unmarshal(msg.Data, &b); err != nil {
			return fmt.Errorf("read bulletin: %w", err)
		}
		if err := b.Whole.unpack(); err != nil {
			return err
		}
		watcher.Reads(b)
		return nil
	}
	var m Metrics
	if err := json.Unmarshal(msg.Data, &m); err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	for i := range m.Stages {
		if err := m.Stages[i].unpack(); err != nil {
			return err
		}
	}
	watcher.Hears(m)
	return nil
}
