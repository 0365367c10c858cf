package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"flashmob/inventory"
)

const (
	// connectWait is how long a host may take from the first attempt to a login. Cloud hosts usually take 20 to 40 s.
	connectWait = 3 * time.Minute
	// reconnectWait is how long a host that was up may be silent before it counts as gone.
	reconnectWait = 30 * time.Second
	// connectPause is how long to wait between attempts.
	connectPause = 200 * time.Millisecond
	// connectReport is how often to say what is being waited for.
	connectReport = 10 * time.Second
)

// connect logs in to a host, again and again while it boots: sshd may not listen yet, or listen before it knows the
// operator's key. It gives up when patience is over.
func (c *Cluster) connect(ctx context.Context, host inventory.Host, patience time.Duration) (*conn, error) {
	config, err := clientConfig(c.Inventory, host)
	if err != nil {
		return nil, err
	}
	begun, reported := time.Now(), time.Now()
	for {
		connected, err := dial(ctx, host, config)
		if err == nil {
			return connected, nil
		}
		waited := time.Since(begun)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !passes(err):
			return nil, fmt.Errorf("connect: %w", err)
		case waited > patience:
			return nil, fmt.Errorf("connect: given up after %s: %w", waited.Round(time.Second), err)
		}
		if time.Since(reported) > connectReport {
			reported = time.Now()
			c.Log.Info("waiting for ssh", "host", host.Name, "because", err, "since", waited.Round(time.Second),
				"given up at", patience)
		}
		select {
		case <-ctx.Done():
		case <-time.After(connectPause):
		}
	}
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
	arch  string
	home  string // the login's home folder
	cores string
}

// survey finds out what a host is.
func survey(ctx context.Context, c *conn) (*remote, error) {
	out, err := c.run(ctx, "uname -m; pwd; nproc", nil)
	if err != nil {
		return nil, fmt.Errorf("survey: %w", err)
	}
	lines := strings.Fields(out)
	if len(lines) != 3 {
		return nil, fmt.Errorf("survey: unexpected answer %q", out)
	}
	arch := map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[lines[0]]
	if arch == "" {
		return nil, fmt.Errorf("survey: no worker for %s hosts", lines[0])
	}
	return &remote{conn: c, arch: arch, home: lines[1], cores: lines[2]}, nil
}
