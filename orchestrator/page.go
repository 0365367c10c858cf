package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"flashmob/timeline"
	"flashmob/worker"
)

// pageFile is in the run's folder on the metrics host: the address of the run's page there.
const pageFile = "page"

// pageAddress is where the page is on the metrics host, or at the next free port: reached over SSH and in no other way.
const pageAddress = "127.0.0.1:4000"

// show returns what the metrics host is told of the page.
func (c *Cluster) show(r *remote) *worker.Show {
	return &worker.Show{Address: pageAddress, Found: path.Join(r.home, c.runFolder(), pageFile)}
}

// dialPage connects to the page of the newest run that a metrics host shows, or returns ErrNoRun.
func (c *conn) dialPage(ctx context.Context) (net.Conn, error) {
	address, err := c.run(ctx, `f=$(ls -1t .flashmob/runs/*/`+pageFile+` 2>/dev/null | head -n 1); [ -z "$f" ] || cat "$f"`, nil)
	if err != nil {
		return nil, err
	}
	if address = strings.TrimSpace(address); address == "" {
		return nil, ErrNoRun
	}
	wire, err := c.dialAddress(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRun, err)
	}
	return wire, nil
}

// DialPage connects to the page of the run that the metrics host which this session leads to shows, or returns ErrNoRun.
func (s *Session) DialPage(ctx context.Context) (net.Conn, error) {
	wire, err := s.c.dialPage(ctx)
	if err != nil {
		return nil, &HostError{Host: s.c.host.Name, Err: err}
	}
	return wire, nil
}

const (
	tellEvery = time.Second
	// tellAgain is after how long the operator says again what has not changed but by the clock: dollars.
	tellAgain = 15 * time.Second
)

// tell says what the operator knows of the run, to those who watch it, until ctx ends.
func (c *Cluster) tell(ctx context.Context, l line) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	var last []timeline.Span
	var said time.Time
	for {
		if spans := c.Spans(); !reflect.DeepEqual(spans, last) || time.Since(said) > tellAgain {
			text, err := json.Marshal(c.Tell(spans))
			if err != nil {
				return fmt.Errorf("tell: %w", err)
			}
			if answer, err := l.ask(ctx, http.MethodPut, "/tell", strings.NewReader(string(text))); err == nil { // else the connection is gone, which others see
				answer.Body.Close()
				last, said = spans, time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Spans returns what happened when: the phases of the run and of its hosts.
func (c *Cluster) Spans() []timeline.Span { return c.lanes.Spans() }
