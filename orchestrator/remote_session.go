package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"flashmob/inventory"
	"flashmob/worker"
)

// Session is a connection to a host for what is not part of a run: to look how it does, to read its logs. It knows the
// host by its pinned key, as a run does. Safe for concurrent use.
type Session struct{ c *conn }

// Login connects to a host of the inventory, once: a host that does not answer now is an error. It counts as contact: the
// host's idle time begins anew.
func Login(ctx context.Context, inv inventory.Inventory, host inventory.Host) (*Session, error) {
	c, err := login(ctx, inv, host)
	if err != nil {
		return nil, &HostError{Host: host.Name, Err: err}
	}
	s := &Session{c}
	if err := s.Touch(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// login connects to a host once.
func login(ctx context.Context, inv inventory.Inventory, host inventory.Host) (*conn, error) {
	if host.IsLocal() {
		return here(host)
	}
	config, err := clientConfig(inv, host)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, host, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

// Touch begins the host's idle time anew, if it has one.
func (s *Session) Touch(ctx context.Context) error {
	_, err := s.Run(ctx, fmt.Sprintf("[ ! -w %[1]s ] || touch %[1]s", worker.Heartbeat))
	return err
}

// Run runs a shell command on the host and returns what it prints.
func (s *Session) Run(ctx context.Context, command string) (string, error) {
	out, err := s.c.run(ctx, command, nil)
	if err != nil {
		return out, &HostError{Host: s.c.host.Name, Err: err}
	}
	return out, nil
}

// DrainWorkers asks the workers on the host to finish what they hold and leave, and waits until they have or ctx ends. What
// they do not finish, the log hands to others.
func (s *Session) DrainWorkers(ctx context.Context) error {
	_, err := s.Run(ctx, `ps=; for f in .flashmob/runs/*/*.pid; do [ -f "$f" ] || continue; p=$(cat "$f"); `+
		`kill -TERM "$p" 2>/dev/null && ps="$ps $p"; done; `+
		`for p in $ps; do while case "$(sed 's/.*) //; s/ .*//' "/proc/$p/stat" 2>/dev/null)" in ""|Z|X) false;; esac; do sleep 0.05; done; done`)
	return err
}

// Close ends the connection.
func (s *Session) Close() error { return s.c.close() }

// ErrElsewhere says that the run goes on, and that another host is its initializer.
var ErrElsewhere = errors.New("another host is the run's initializer")

// ErrNoRun says that no run goes on where one was looked for.
var ErrNoRun = errors.New("no run goes on here")

// RunStatus asks the initializer that this session leads to for its newest run that goes on: its ID and how far it is.
// Without one the error is ErrNoRun, and ErrElsewhere where this is another replica of that run's log.
func (s *Session) RunStatus(ctx context.Context) (id string, status worker.Status, err error) {
	id, status, err = s.c.runStatus(ctx)
	if err != nil {
		err = &HostError{Host: s.c.host.Name, Err: err}
	}
	return id, status, err
}

// runStatus finds the newest run whose control answers, or returns ErrNoRun.
func (c *conn) runStatus(ctx context.Context) (id string, status worker.Status, err error) {
	out, err := c.run(ctx, `ls -1t -d "$PWD"/.flashmob/runs/*/control 2>/dev/null || true`, nil)
	if err != nil {
		return "", status, err
	}
	for _, socket := range strings.Fields(out) {
		l := line{&http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return c.dialSocket(socket) },
		}}}
		answer, err := l.ask(ctx, http.MethodGet, "/status", nil)
		if err != nil {
			continue // its process is gone
		}
		folders := strings.Split(socket, "/")
		id = folders[len(folders)-2]
		if answer.StatusCode == http.StatusServiceUnavailable {
			answer.Body.Close()
			return id, status, ErrElsewhere
		}
		err = json.NewDecoder(answer.Body).Decode(&status)
		answer.Body.Close()
		if err != nil {
			return "", status, fmt.Errorf("status: %w", err)
		}
		return id, status, nil
	}
	return "", status, ErrNoRun
}
