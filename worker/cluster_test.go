package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"flashmob/manifest"
)

// cluster is a run whose log has replicas, each in a host's folder and with a way to end it, and what an operator brings home.
type cluster struct {
	t        *testing.T
	scenario scenario
	identity Identity
	run      manifest.Run
	replicas []Replica
	dirs     []string
	token    string
	released chan struct{} // closed when the second half of the input may come

	over atomic.Bool // everything is home
	mu   sync.Mutex
	stop []context.CancelFunc
	gone []chan struct{}
}

func freePorts(t *testing.T, n int) (addresses []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

func newIdentity(t *testing.T) Identity {
	t.Helper()
	identity, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// newCluster starts n replicas for a scenario.
func newCluster(t *testing.T, n int, s scenario) *cluster {
	t.Helper()
	identity := newIdentity(t)
	name, err := ResultsName(s.flow, "none", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, scenario: s, identity: identity, token: "secret", released: make(chan struct{}), stop: make([]context.CancelFunc, n), gone: make([]chan struct{}, n)}
	c.run = manifest.Run{
		ID: "test", Version: testVersion, App: s.flow.Name, Settings: json.RawMessage("{}"), MaxRecord: 1 << 20, Compress: "none",
		Results: name, Inputs: s.inputs, Order: s.order,
	}
	ports := freePorts(t, 2*n)
	for i := range n {
		c.replicas = append(c.replicas, Replica{Name: fmt.Sprintf("host-%d", i), Clients: ports[2*i], Peers: ports[2*i+1]})
		dir, err := os.MkdirTemp("", "replica") // a socket's path must be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		c.dirs = append(c.dirs, dir)
	}
	for i := range n {
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range n {
			c.kill(i)
		}
	})
	return c
}

// start starts a replica on what its folder has.
func (c *cluster) start(i int) {
	a := Appointment{
		Run: c.run, Folder: filepath.Join(c.dirs[i], "results"), Socket: filepath.Join(c.dirs[i], "control"), Log: filepath.Join(c.dirs[i], "log"),
		Identity: c.identity, Replicas: c.replicas, BatchRows: c.scenario.batchRows, Patience: time.Minute,
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	gone := make(chan struct{})
	c.mu.Lock()
	c.stop[i], c.gone[i] = cancel, gone
	c.mu.Unlock()
	config := Config{Name: c.replicas[i].Name, Token: c.token, Version: testVersion, Flow: c.scenario.makeFlow, Slots: 2, Log: testLog(c.t, c.replicas[i].Name)}
	go func() {
		defer close(gone)
		if err := Serve(ctx, Invitation{Name: config.Name, Token: config.Token, Slots: config.Slots, Appointment: &a}, config); err != nil && ctx.Err() == nil {
			c.t.Errorf("replica %d: %v", i, err)
		}
	}()
}

func testLog(t *testing.T, name string) *slog.Logger {
	if !testing.Verbose() {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("host", name)
}

// kill ends a replica.
func (c *cluster) kill(i int) {
	c.mu.Lock()
	stop, gone := c.stop[i], c.gone[i]
	c.mu.Unlock()
	stop()
	<-gone
}

// wipe takes away what a replica that is not running has on its disk.
func (c *cluster) wipe(i int) {
	c.t.Helper()
	if err := errors.Join(os.RemoveAll(c.dirs[i]), os.Mkdir(c.dirs[i], 0o700)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) url() string {
	var urls []string
	for _, r := range c.replicas {
		urls = append(urls, "tls://"+r.Clients)
	}
	return strings.Join(urls, ",")
}

// work runs a worker until the run is over.
func (c *cluster) work(ctx context.Context, name string) error {
	return Run(ctx, Config{
		Name: name, Slots: 2, URL: c.url(), Token: "secret", CA: c.identity.Certificate, Version: testVersion, Flow: c.scenario.makeFlow,
		Log: testLog(c.t, name),
	})
}

func (c *cluster) client(i int) *http.Client {
	socket := filepath.Join(c.dirs[i], "control")
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", socket)
	}}}
}

// leader waits for a replica that leads, and returns its number and status; -1 when the run is over.
func (c *cluster) leader() (int, Status) {
	c.t.Helper()
	for begun := time.Now(); time.Since(begun) < 2*time.Minute; time.Sleep(20 * time.Millisecond) {
		if c.over.Load() {
			return -1, Status{}
		}
		for i := range c.replicas {
			answer, err := c.client(i).Get("http://replica/status")
			if err != nil {
				continue
			}
			var s Status
			err = json.NewDecoder(answer.Body).Decode(&s)
			answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusOK {
				return i, s
			}
		}
	}
	c.t.Fatal("no replica leads")
	return 0, Status{}
}

// bring takes the results home, from whoever leads, until the run is over.
func (c *cluster) bring() []byte {
	c.t.Helper()
	var results bytes.Buffer
	parts, last := 0, ""
	for begun := time.Now(); time.Since(begun) < 5*time.Minute; {
		i, _ := c.leader()
		answer, err := c.client(i).Get(fmt.Sprintf("http://replica/parts?from=%d&after=%s", parts, last))
		if err != nil {
			continue
		}
		items := bufio.NewReader(answer.Body)
		for {
			item, body, err := next(items)
			if err != nil {
				break
			}
			if item.Over != nil {
				answer.Body.Close()
				if err := item.Over.Err(); err != nil {
					c.t.Fatal(err)
				}
				if left, err := c.client(i).Post("http://replica/leave", "", nil); err == nil {
					left.Body.Close()
				}
				c.over.Store(true)
				return results.Bytes()
			}
			results.Write(body)
			parts, last = parts+1, item.Part.SHA256
		}
		answer.Body.Close()
	}
	c.t.Fatal("the run does not end")
	return nil
}

// next reads one item of a stream of parts, and the results of its part.
func next(r *bufio.Reader) (item Followed, results []byte, err error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return item, nil, err
	}
	if err := json.Unmarshal(line, &item); err != nil || item.Part == nil {
		return item, nil, err
	}
	all := make([]byte, item.Part.Bytes+item.Part.RejectBytes)
	_, err = io.ReadFull(r, all)
	return item, all[:item.Part.Bytes], err
}

// feed brings the run's inputs to whoever leads, until ctx ends.
func (c *cluster) feed(ctx context.Context) {
	for ctx.Err() == nil {
		i, _ := c.leader()
		if i < 0 {
			return
		}
		answer, err := c.client(i).Get("http://replica/want")
		if err != nil {
			continue
		}
		var want Want
		err = json.NewDecoder(answer.Body).Decode(&want)
		answer.Body.Close()
		if answer.StatusCode == http.StatusGone {
			return
		}
		if answer.StatusCode != http.StatusOK || err != nil {
			continue
		}
		if err := c.put(ctx, i, want); err != nil && ctx.Err() == nil {
			c.t.Log("feed:", err)
		}
	}
}

// put brings an input from where it is wanted: its first half, and the rest when that is released.
func (c *cluster) put(ctx context.Context, i int, want Want) error {
	text, err := os.ReadFile(c.run.Inputs[want.Input].URI)
	if err != nil {
		return err
	}
	half := max(int64(len(text))/2, want.Offset)
	reader, writer := io.Pipe()
	defer reader.Close()
	go func() {
		encoder, err := zstd.NewWriter(writer)
		shipper := NewShipper(encoder)
		if err == nil {
			err = shipper.Ship(bytes.NewReader(text[want.Offset:half]))
		}
		if err == nil {
			err = encoder.Flush()
		}
		select {
		case <-c.released:
		case <-ctx.Done():
		}
		if err == nil {
			err = shipper.Ship(bytes.NewReader(text[half:]))
		}
		if err == nil {
			err = errors.Join(shipper.EndInput(), encoder.Close())
		}
		writer.CloseWithError(err)
	}()
	target := fmt.Sprintf("http://replica/input?input=%d&offset=%d", want.Input, want.Offset)
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, target, reader)
	if err != nil {
		return err
	}
	answer, err := c.client(i).Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

// play runs the scenario with two workers to its end, does something while there is half of the input, and returns the results.
func (c *cluster) play(during func()) []byte {
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	var others sync.WaitGroup
	for i := range 2 {
		others.Go(func() {
			if err := c.work(ctx, fmt.Sprintf("w%d", i)); err != nil && !errors.Is(err, context.Canceled) {
				c.t.Errorf("worker: %v", err)
			}
		})
	}
	others.Go(func() { c.feed(ctx) })
	got := make(chan []byte, 1)
	others.Go(func() { got <- c.bring() })
	during()
	close(c.released)
	text := <-got
	cancel()
	others.Wait()
	return text
}

// reaches waits until so many records are through, and returns the replica that leads then.
func (c *cluster) reaches(records int64) int {
	for {
		i, status := c.leader()
		if i < 0 || status.Tally.In >= records {
			return i
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// quorum asks a replica how many answer it.
func (c *cluster) quorum(i int) (q Quorum, ok bool) {
	answer, err := c.client(i).Get("http://replica/status")
	if err != nil {
		return q, false
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return q, json.NewDecoder(answer.Body).Decode(&q) == nil
	}
	var s Status
	if json.NewDecoder(answer.Body).Decode(&s) != nil || s.Quorum == nil {
		return q, false
	}
	return *s.Quorum, true
}

// current waits until a replica has what the others have.
func (c *cluster) current(i int) {
	for {
		if q, ok := c.quorum(i); ok && !q.Behind && q.Missing.IsZero() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// waiting waits until a replica says that no majority answers it.
func (c *cluster) waiting(i int) Quorum {
	for {
		if q, ok := c.quorum(i); ok && !q.Missing.IsZero() {
			return q
		}
		time.Sleep(10 * time.Millisecond)
	}
}
