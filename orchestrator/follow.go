package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"flashmob/timeline"
	"flashmob/worker"
)

// line is the way to the run's control on the initializer's host.
type line struct {
	http *http.Client
}

// call returns a line to the control.
func (c *Cluster) call(r *remote) line {
	return line{&http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return r.dialSocket(c.socket(r)) },
	}}}
}

// ask makes a request and returns the answer, whose body is to be closed.
func (l line) ask(ctx context.Context, method, target string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://initializer"+target, body)
	if err != nil {
		return nil, err
	}
	return l.http.Do(request)
}

// do makes a request whose answer does not matter.
func (l line) do(ctx context.Context, method, target string) error {
	answer, err := l.ask(ctx, method, target, nil)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

const (
	pollEvery  = 200 * time.Millisecond
	answerWait = 20 * time.Millisecond
)

// work brings the input to the run and its results home, until the run is over. When the connection breaks it is made
// anew, and when the initializer crashes it is waited for, which its guard starts again: the run does not mind.
func (c *Cluster) work(ctx context.Context, w *crew) error {
	if c.replicas != nil {
		return c.workReplicated(ctx, w)
	}
	var r *remote
	if c.Attach {
		replicated, alone, err := c.findReplicas(ctx, w)
		if replicated {
			return c.workReplicated(ctx, w)
		} else if err != nil {
			return err
		}
		r = alone
	} else {
		select {
		case r = <-w.initializer:
		case err := <-w.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer c.tookFeedAndGather(time.Now())
	c.lanes.Begin(timeline.RunLane, "feed")
	c.heard.Store(int64(time.Since(c.opened)))
	ctx, asked := c.whileThere(ctx, r)
	defer asked()
	for sittings := 0; ; sittings++ {
		err := c.sit(ctx, r, w)
		if sittings > 0 && errors.Is(err, ErrWorkerDied) {
			err = fmt.Errorf("%w: %w", ErrInitializerGone, err)
		}
		if gone := context.Cause(ctx); errors.Is(gone, ErrInitializerGone) {
			return gone
		}
		if !errors.Is(err, ErrCutOff) || ctx.Err() != nil {
			return err
		}
		if there, err := c.stillThere(ctx, r); err != nil {
			return &HostError{Host: r.host.Name, Err: fmt.Errorf("%w: %w", ErrInitializerGone, err)}
		} else if there {
			continue
		}
		c.Log.Warn("cut off from the run: connecting again", "host", r.host.Name, "err", err)
		connected, _, again := c.connect(ctx, r.host, reconnectWait, "the run is followed again")
		if errors.Is(again, ErrInitializerGone) {
			return again
		}
		if again != nil {
			return &HostError{Host: r.host.Name, Err: fmt.Errorf("%w: %w", ErrInitializerGone, again)}
		}
		c.mu.Lock()
		r.conn.close()
		r.conn = connected
		c.mu.Unlock()
		if died := c.died(ctx, r); died != nil {
			return &HostError{Host: r.host.Name, Err: fmt.Errorf("%w: %w", ErrInitializerGone, died)}
		}
	}
}

// stillWait is how long a host may take to say whether the run's process is there before the connection counts as broken.
const stillWait = 5 * time.Second

// stillThere reports whether only the initializer's process has gone away, which is started again on its host, and not the
// connection. An error says that the process will not come back.
func (c *Cluster) stillThere(ctx context.Context, r *remote) (bool, error) {
	looking, cancel := context.WithTimeout(ctx, stillWait)
	defer cancel()
	switch err := c.died(looking, r); {
	case errors.Is(err, ErrWorkerDied):
		return false, err
	case err != nil:
		return false, nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(answerWait): // one that breaks off again and again must not spin
	}
	return true, nil
}

// tookFeedAndGather keeps how long it took until the input was in the cluster, and from then on until the results were
// home. Results come home all the while. Where the log has replicas, another host may be at it before the first one has started: what
// that one takes until then is not feeding.
func (c *Cluster) tookFeedAndGather(begun time.Time) {
	fed := time.Now()
	c.mu.Lock()
	if s := c.status.Load(); s != nil && s.Fed {
		fed = c.fedAt
	}
	if c.phasedTo.After(begun) {
		begun = c.phasedTo
	}
	c.mu.Unlock()
	if fed.Before(begun) {
		fed = begun
	}
	c.tookUntil("feed", begun, fed)
	c.took("gather", fed)
}

// ErrDetached says that the run was left to itself, as it was to be.
var ErrDetached = errors.New("detached: the run goes on in the cluster")

// detach waits until the run can do without the operator.
func (c *Cluster) detach(ctx context.Context, w *crew) error {
	for _, in := range c.folder.Run.Inputs {
		if !in.IsGenerated() && !in.IsRemote() {
			c.Log.Info("the input is on this machine: detaching once it is in the cluster")
			break
		}
	}
	for _, ready := range []chan struct{}{c.fed, w.settled} {
		select {
		case <-ready:
		case <-ctx.Done():
			return nil
		}
	}
	return ErrDetached
}

// sit follows the run over one connection.
func (c *Cluster) sit(ctx context.Context, r *remote, w *crew) error {
	l := c.call(r)
	defer l.http.CloseIdleConnections()
	said := func() {}
	if c.status.Load() != nil {
		said = c.watch(ctx, r.host, "starting the run's initializer again", "the run goes on where it was")
	}
	err := c.await(ctx, r, l)
	said()
	if err != nil {
		return &HostError{Host: r.host.Name, Err: err}
	}
	group, ctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	helping, stop := context.WithCancel(ctx)
	group.Go(func() error {
		defer close(over)
		defer stop()
		return c.gather(ctx, r, l)
	})
	group.Go(func() error { return c.feed(helping, l) })
	group.Go(func() error { return c.poll(helping, l) })
	if c.Tell != nil {
		group.Go(func() error { return c.tell(helping, l) })
	}
	if c.Detach {
		group.Go(func() error { return c.detach(helping, w) })
	}
	group.Go(func() error {
		select {
		case <-c.draining:
			if err := l.do(ctx, http.MethodPost, "/drain"); err != nil {
				return fmt.Errorf("drain: %w: %w", ErrCutOff, err)
			}
			return nil
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		}
	})
	err = group.Wait()
	if err == nil || errors.Is(err, worker.ErrDrained) {
		if last, ok := statusOf(context.WithoutCancel(ctx), l); ok { // a short run may have ended between two looks
			c.tellFailure(last)
		}
		if left := l.do(context.WithoutCancel(ctx), http.MethodPost, "/leave"); left != nil {
			c.Log.Debug("take leave of the run", "err", left) // everything is here, and stop ends its processes in any case
		}
	}
	return err
}

// await waits until the initializer answers.
func (c *Cluster) await(ctx context.Context, r *remote, l line) error {
	begun := time.Now()
	for {
		err := l.do(ctx, http.MethodGet, "/status")
		if err == nil {
			return nil
		}
		if died := c.died(ctx, r); died != nil {
			return died
		}
		if refused := new(ssh.OpenChannelError); errors.As(err, &refused) && refused.Reason == ssh.Prohibited {
			return fmt.Errorf("%w: %w", ErrNoForwarding, err)
		}
		if time.Since(begun) > c.ConnectWait {
			return fmt.Errorf("initializer does not answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(answerWait):
		}
	}
}

// ErrNoForwarding says that a host's sshd does not let the operator reach a socket there.
var ErrNoForwarding = errors.New("its sshd forwards no Unix sockets")

// ErrInitializerGone says that the host or the process that held the run is gone, and the run with it. What came home is
// kept, and can be resumed (ClusterConfig.Resume).
var ErrInitializerGone = errors.New("the run's initializer is gone")

// ErrCutOff says that the run goes on, but nothing comes from it any more.
var ErrCutOff = errors.New("cut off from the run")
