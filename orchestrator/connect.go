package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"flashmob/inventory"
	"flashmob/worker"
)

const (
	// connectWait is how long a host may take from the first attempt to a login. Cloud hosts usually take 20 to 40 s.
	connectWait = 2 * time.Minute
	// reconnectWait is how long a host that was up may be silent before it counts as gone.
	reconnectWait = 30 * time.Second
	// lostAfter is how long a host that is logged in to may acknowledge nothing before the connection counts as broken.
	lostAfter = 15 * time.Second
	// connectPause is how long to wait between attempts.
	connectPause = 200 * time.Millisecond
	// connectReport is after how long to say first what is being waited for. Every further word comes after twice as long,
	// so that logs stay short.
	connectReport = 2 * time.Second
)

// connect logs in to a host, again and again while it boots: sshd may not listen yet, or listen before it knows the
// operator's key. It gives up when patience is over, or the host turns out to have been ended. next says what follows;
// answered is when the attempt began that succeeded.
func (c *Cluster) connect(ctx context.Context, host inventory.Host, patience time.Duration, next string) (_ *conn, answered time.Time, err error) {
	if host.IsLocal() {
		connected, err := here(host)
		return connected, time.Now(), err
	}
	config, err := clientConfig(c.Inventory, host)
	if err != nil {
		return nil, answered, err
	}
	begun, report := time.Now(), connectReport
	for {
		answered = time.Now()
		connected, err := dial(ctx, host, config)
		if err == nil {
			c.bootedIn(answered.Sub(begun))
			return connected, answered, nil
		}
		waited := time.Since(begun)
		switch {
		case ctx.Err() != nil:
			return nil, answered, context.Cause(ctx)
		case !passes(err):
			return nil, answered, fmt.Errorf("connect: %w", err)
		case waited > patience:
			return nil, answered, fmt.Errorf("connect: given up after %s: %w", waited.Round(time.Second), err)
		}
		c.lanes.Note(host.Name, "for its sshd: "+why(err))
		if waited > report {
			report *= 2
			if how := c.howEnded(ctx, host); how != "" {
				return nil, answered, &endedError{how}
			}
			c.Log.Info(fmt.Sprintf("%s: ssh %s for %s%s, given up at %s; then %s", host.Name, why(err),
				waited.Round(time.Second), c.usually(), patience, next))
		}
		select {
		case <-ctx.Done():
		case <-time.After(connectPause):
		}
	}
}

// watch says that a phase of a host goes on, when it does so for long: first after connectReport, then ever more rarely.
// The returned function ends it.
func (c *Cluster) watch(ctx context.Context, host inventory.Host, phase, next string) (over func()) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		for wait, waited := connectReport, time.Duration(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			waited += wait
			wait = waited
			c.Log.Info(fmt.Sprintf("%s: %s goes on for %s; then %s", host.Name, phase, waited, next))
		}
	})
	return func() {
		cancel()
		group.Wait()
	}
}

// why says in a word or two what an attempt to connect met with.
func why(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "out of reach"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "silent"
	case strings.Contains(err.Error(), "unable to authenticate"):
		return "does not know the key"
	}
	return "cut off"
}

// bootedIn keeps how long a host took to answer.
func (c *Cluster) bootedIn(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boots = append(c.boots, took)
}

// usually says how long the hosts of this run took that are there: the median. Before the first there is nothing to say.
func (c *Cluster) usually() string {
	c.mu.Lock()
	boots := slices.Sorted(slices.Values(c.boots))
	c.mu.Unlock()
	if len(boots) == 0 {
		return ""
	}
	return fmt.Sprintf(", usually %s", boots[len(boots)/2].Round(100*time.Millisecond))
}

// passes reports whether an error is one that passes when a host has booted.
func passes(err error) bool {
	var timeout net.Error
	switch {
	case errors.Is(err, ErrHostKey):
		return false
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EHOSTUNREACH),
		errors.Is(err, syscall.ENETUNREACH), errors.Is(err, io.EOF), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.As(err, &timeout):
		return true
	}
	// The library has no type for these: the key is not there yet, or the wire was cut in the handshake.
	return strings.Contains(err.Error(), "unable to authenticate") || strings.Contains(err.Error(), "handshake failed")
}

// remote is a host that is connected: what it is, and where on it things are.
type remote struct {
	*conn
	arch string
	home string        // the login's home folder
	beat time.Duration // how often its heartbeat is to be touched
}

// survey finds out what a host is.
func survey(ctx context.Context, c *conn) (*remote, error) {
	out, err := c.run(ctx, fmt.Sprintf("uname -m; pwd; nproc; cat %s 2>/dev/null || true", worker.LimitsFile), nil)
	if err != nil {
		return nil, fmt.Errorf("survey: %w", err)
	}
	lines := strings.Fields(out)
	if len(lines) < 3 {
		return nil, fmt.Errorf("survey: unexpected answer %q", out)
	}
	arch := map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[lines[0]]
	if arch == "" {
		return nil, fmt.Errorf("survey: no worker for %s hosts", lines[0])
	}
	return &remote{conn: c, arch: arch, home: lines[1], beat: worker.BeatInterval([]byte(strings.Join(lines[3:], "\n")))}, nil
}

// keepAwake touches the host's heartbeat until ctx ends or the connection breaks: nothing else does while it gets its
// files and runs its setup. Once its worker runs, that does it too, and needs no operator.
func (c *conn) keepAwake(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	s := Session{c}
	for s.Touch(ctx) == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
