package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"flashmob/manifest"
)

// leadEvery is how often a replica looks whether it leads.
const leadEvery = 50 * time.Millisecond

// makeEvery is how long the replicas that come up first wait for the others, before they try once more to make a stream.
const makeEvery = 300 * time.Millisecond

// candidate is a process that holds a replica of the log, and is the run's initializer for as long as that replica leads.
type candidate struct {
	appointment Appointment
	config      Config
	replica     *replica
	nc          *nats.Conn
	js          jetstream.JetStream
	report      report
	clock       clock
}

// look looks at what may have changed around the replica, since it was last called.
func (c *candidate) look() {
	c.report.look(c.replica.quorum())
	if c.clock.back() > cmp.Or(c.appointment.AckWait, AckWait) {
		_ = c.nc.Publish(clockSubject, []byte(c.config.Name)) // lost where nobody leads
	}
}

// replicate holds a replica of the log until the run is over and the operator has everything, or ctx ends, or the process is
// drained.
func replicate(ctx context.Context, a Appointment, config Config) error {
	ctx, quit := context.WithCancelCause(ctx)
	defer quit(nil)
	if config.Drain != nil {
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			select {
			case <-config.Drain:
				quit(ErrLeft)
			case <-ctx.Done():
			}
		}()
		defer func() { quit(nil); <-drained }()
	}
	err := hold(ctx, a, config, quit)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errRunOver):
		return nil
	case errors.Is(cause, ErrLeft):
		return ErrLeft
	}
	return err
}

// hold holds a replica until ctx ends, and calls quit when the run is over.
func hold(ctx context.Context, a Appointment, config Config, quit context.CancelCauseFunc) error {
	r, err := openReplica(ctx, a, config.Name, config.Token)
	if err != nil {
		return err
	}
	defer r.close()
	nc, err := dialInProcess(r.server, config.Token, "replica", config.Log)
	if err != nil {
		return err
	}
	defer nc.Close()
	c := &candidate{appointment: a, config: config, replica: r, nc: nc, report: report{log: config.Log, next: firstReport}, clock: newClock(wallClock)}
	if c.js, err = jetstream.New(nc); err != nil {
		return fmt.Errorf("connect to log: %w", err)
	}
	quitting, err := nc.Subscribe(quitSubject, func(*nats.Msg) { quit(errRunOver) })
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", quitSubject, err)
	}
	defer quitting.Unsubscribe()
	return c.run(ctx)
}

// run stands by and leads, in turns.
func (c *candidate) run(ctx context.Context) error {
	for {
		if err := c.standBy(ctx); err != nil {
			return err
		}
		over, err := c.lead(ctx)
		switch {
		case ctx.Err() != nil:
			return errors.Join(err, context.Cause(ctx))
		case over:
			_ = c.nc.Publish(quitSubject, nil) // who does not hear it leaves when the operator makes it
			return errors.Join(err, c.nc.FlushTimeout(time.Second))
		case errors.Is(err, ErrLogFailed): // others have room, maybe
			return err
		}
		c.config.Log.Info("leads no more", "err", err)
		select { // a log that has just been elected may not be ready for all that an initializer needs
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
	}
}

// standBy waits until this replica leads, and answers meanwhile that it does not.
func (c *candidate) standBy(ctx context.Context) error {
	socket, err := listenSocket(c.appointment.Socket)
	if err != nil {
		return err
	}
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(c.replica.quorum()) // an error here is the reader's, who has gone
	}
	return serveWhile(socket, http.HandlerFunc(answer), func() error {
		tick := time.NewTicker(leadEvery)
		defer tick.Stop()
		var made time.Time
		for !c.replica.leads() {
			if !c.replica.server.JetStreamEnabled() {
				return fmt.Errorf("log in %s: %w", c.appointment.Log, ErrLogFailed)
			}
			c.look()
			if c.replica.server.JetStreamIsLeader() && time.Since(made) > makeEvery {
				c.makeFirst(ctx)
				made = time.Now()
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-tick.C:
			}
		}
		return nil
	})
}

// makeFirst makes the stream whose leader is the initializer, if all replicas are there for it.
func (c *candidate) makeFirst(ctx context.Context) {
	if c.replica.server.JetStreamIsStreamAssigned(account, batchStream) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := c.replica.makeStream(ctx, c.js, batches); err != nil {
		c.config.Log.Debug("waiting for the other replicas", "err", err)
	}
}

// lead is the run's initializer until the run is over and the operator has everything, or this replica does not lead any
// more. Its result folder is made anew from what the log has.
func (c *candidate) lead(ctx context.Context) (over bool, err error) {
	ctx, depose := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		c.watch(ctx, depose)
	}()
	defer func() { depose(nil); <-watched }()
	a := c.appointment
	if err := manifest.Clear(a.Folder); err != nil {
		return true, err
	}
	folder, err := manifest.CreateRest(a.Folder, a.Run, a.Done)
	if err != nil {
		return true, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	folder.Sync = a.Sync
	control := NewControl()
	if a.bringsNothing() {
		control.fed = func() bool { return true }
	}
	in, err := Open(ctx, InitializerConfig{
		Folder: folder, Flow: c.config.Flow, Listen: c.replica.listen, TLS: c.replica.tls, Token: c.config.Token, Uplink: control.Uplink,
		BatchRows: a.BatchRows, Slots: c.config.Slots, Hosts: a.Hosts, By: a.By, AckWait: a.AckWait, SnapshotEvery: a.SnapshotEvery, Log: c.config.Log, replica: c.replica,
	})
	if err != nil {
		return !endsTerm(ctx, err), err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	c.config.Log.Info("leads: this host is the run's initializer", "term", in.term.Number)
	var ends bool
	err = control.listen(ctx, a, in, func() error {
		ended := in.Run(ctx)
		if ends = ctx.Err() != nil || in.goesOn(ctx, ended) || errors.Is(ended, ErrLogFailed); ends {
			return errors.Join(ended, errDeposed)
		}
		if ended == nil && folder.Elsewhere == 0 {
			_, ended = folder.Finish(nil)
		}
		return ended
	})
	return !ends && !errors.Is(context.Cause(ctx), errDeposed), err
}

// watch calls depose when this replica leads no more, until ctx ends.
func (c *candidate) watch(ctx context.Context, depose context.CancelCauseFunc) {
	tick := time.NewTicker(leadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.look()
			if !c.replica.leads() {
				depose(errDeposed)
				return
			}
		}
	}
}
