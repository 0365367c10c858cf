package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"flashmob/apps"
	"flashmob/flow"
	"flashmob/input"
	"flashmob/internal/buildinfo"
	"flashmob/manifest"
	"flashmob/worker"
)

// faulty builds the program so that it can be told to crash, once.
var faulty = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flashmob-faulty")
	if err != nil {
		return "", err
	}
	programDirs = append(programDirs, dir)
	program := filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-buildvcs=false", "-tags", "faults", "-o", program, "flashmob/cmd/worker")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build worker: %w\n%s", err, text)
	}
	return program, nil
})

// programDirs are where programs lie that tests have built, for TestMain to remove.
var programDirs []string

// A cast is the processes of one run on this machine: an initializer with file storage and TLS, as in a cluster, workers, and
// an operator who brings the input.
type cast struct {
	t       *testing.T
	program string
	dir     string
	app     string
	flow    *flow.Flow
	text    []byte
	ackWait time.Duration
	rows    int
	slots   int               // of each process
	within  map[string]string // the files of control groups that processes are started in

	token    string
	identity worker.Identity
	address  string
	replicas []worker.Replica // of the log; none where there is one
	run      manifest.Run
	playing  sync.WaitGroup
	stopping chan struct{}

	mu      sync.Mutex
	players map[string]*player
	ending  bool
	died    string // the process that crashed last
}

// player is one process.
type player struct {
	cmd   *exec.Cmd
	leash io.Closer
	said  bytes.Buffer
	ended chan struct{}
}

// newCast returns a run of an app over text that is yet to begin.
func newCast(t *testing.T, app string, text []byte, rows int, ackWait time.Duration) *cast {
	t.Helper()
	program, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	f, err := apps.New(app, nil)
	if err != nil {
		t.Fatal(err)
	}
	name, err := worker.ResultsName(f, "none", "")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "fm") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "input")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := worker.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	c := &cast{
		t: t, program: program, dir: dir, app: app, flow: f, text: text, rows: rows, ackWait: ackWait, slots: 1, token: "secret",
		identity: identity, address: freeAddresses(t, 1)[0], players: map[string]*player{}, stopping: make(chan struct{}),
		run: manifest.Run{
			ID: "test", Version: buildinfo.Version(), App: app, Format: f.Source.Format(), Settings: json.RawMessage("{}"), MaxRecord: 1 << 20, Compress: "none",
			Results: name, Inputs: []input.Input{in},
		},
	}
	t.Cleanup(c.end)
	return c
}

// freeAddresses returns addresses that nobody listens at.
func freeAddresses(t *testing.T, n int) (addresses []string) {
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

// url is where the log is reached.
func (c *cast) url() string {
	if c.replicas == nil {
		return "tls://" + c.address
	}
	var all []string
	for _, r := range c.replicas {
		all = append(all, "tls://"+r.Clients)
	}
	return strings.Join(all, ",")
}

// start starts a process with what the environment says besides.
func (c *cast) start(name string, invitation worker.Invitation, env ...string) {
	c.t.Helper()
	invitation.Name, invitation.Slots, invitation.URL = name, c.slots, c.url()
	invitation.Token, invitation.CA = c.token, c.identity.Certificate
	text, err := json.Marshal(invitation)
	if err != nil {
		c.t.Fatal(err)
	}
	command := []string{c.program}
	if group := c.within[name]; group != "" {
		command = []string{"sh", "-c", `echo $$ >"$0" && exec "$1"`, group, c.program}
	}
	p := &player{cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = append(append(os.Environ(), clockVariable+"="+c.clockOf(name)), env...), c.dir, &p.said
	leash, err := p.cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	p.leash = leash
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return
	}
	if err := p.cmd.Start(); err != nil {
		c.t.Error(err)
		return
	}
	c.players[name] = p
	if _, err := leash.Write(append(text, '\n')); err != nil {
		c.t.Errorf("%s: %v", name, err)
	}
	c.playing.Go(func() {
		p.cmd.Wait() // how it ended is in its state
		close(p.ended)
	})
}

// worker starts a worker; after a crash it is started again, as it would not be in a cluster, without the environment.
func (c *cast) worker(name string, env ...string) {
	c.start(name, worker.Invitation{}, env...)
	c.again(name, func() { c.worker(name) })
}

// initializer starts the initializer; after a crash it is started again, without the environment.
func (c *cast) initializer(env ...string) {
	c.start("initializer-1", worker.Invitation{Appointment: &worker.Appointment{
		Run: c.run, Folder: filepath.Join(c.dir, "out"), Listen: c.address, Socket: filepath.Join(c.dir, "control"),
		Identity: c.identity, BatchRows: c.rows, Patience: time.Minute, AckWait: c.ackWait,
	}}, env...)
	c.again("initializer-1", func() { c.initializer() })
}

// again calls f when the process was killed.
func (c *cast) again(name string, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.players[name]
	if c.ending || p == nil {
		return
	}
	c.playing.Go(func() {
		<-p.ended
		if p.cmd.ProcessState.ExitCode() != -1 {
			return
		}
		c.mu.Lock()
		if !c.ending {
			c.died = name
		}
		c.mu.Unlock()
		f()
	})
}

// crashed reports whether a process has said that it crashes where it was told to.
func (p *player) crashed() bool { return bytes.Contains(p.said.Bytes(), []byte("crash at")) }

// ask asks the initializer's control, whichever process has it, and returns the body of its answer.
func (c *cast) ask(ctx context.Context, method, target string, body []byte) (status int, answer []byte, err error) {
	for _, dir := range c.homes() {
		status, answer, err = askAt(ctx, filepath.Join(dir, "control"), method, target, body)
		if err == nil && status != http.StatusServiceUnavailable {
			break
		}
	}
	return status, answer, err
}

// homes are the folders of the processes that are the initializer, or may become it.
func (c *cast) homes() []string {
	if c.replicas == nil {
		return []string{c.dir}
	}
	var all []string
	for _, r := range c.replicas {
		all = append(all, filepath.Join(c.dir, r.Name))
	}
	return all
}

// askAt asks at a socket.
func askAt(ctx context.Context, socket, method, target string, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://initializer"+target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// status returns how far the run is; false where nobody answers.
func (c *cast) status() (s worker.Status, ok bool) {
	code, text, err := c.ask(c.t.Context(), http.MethodGet, "/status", nil)
	return s, err == nil && code == http.StatusOK && json.Unmarshal(text, &s) == nil
}

// resultWait is how long something may take that takes a second or two on an idle machine.
const resultWait = 90 * time.Second

// until polls for what another process does, which no event tells of.
func (c *cast) until(what string, is func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(resultWait); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			asking, cancel := context.WithTimeout(c.t.Context(), time.Second)
			defer cancel()
			if _, text, _ := c.ask(asking, http.MethodGet, "/parts?from=0", nil); bytes.Contains(text, []byte(`"over"`)) {
				c.t.Logf("the run ended: %s", text[bytes.LastIndexByte(bytes.TrimSpace(text), '\n')+1:])
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			for name, p := range c.players {
				if p.cmd.Process.Signal(syscall.SIGQUIT) == nil { // in vain where it has ended
					<-p.ended
				}
				c.t.Logf("%s said:\n%s", name, p.said.String())
			}
			c.t.Fatalf("%s does not come within %v", what, resultWait)
		}
	}
}

// joined waits until so many workers are there.
func (c *cast) joined(n int) {
	c.t.Helper()
	c.until(fmt.Sprintf("worker %d", n), func() bool {
		s, _ := c.status()
		return len(slices.DeleteFunc(s.Workers, func(w worker.WorkerState) bool { return w.Slots == 0 || w.Lost })) >= n
	})
}

// operate brings the input as it is asked for, until the cast ends.
func (c *cast) operate() {
	ctx, stop := context.WithCancel(context.Background())
	c.playing.Go(func() {
		<-c.stopping
		stop()
	})
	c.playing.Go(func() {
		for ctx.Err() == nil {
			status, text, err := c.ask(ctx, http.MethodGet, "/want", nil)
			var want worker.Want
			if err != nil || status != http.StatusOK || json.Unmarshal(text, &want) != nil {
				time.Sleep(5 * time.Millisecond) // it is away, or wants nothing
				continue
			}
			var packed bytes.Buffer
			encoder, _ := zstd.NewWriter(&packed) // without options there is no error
			shipper := worker.NewShipper(encoder)
			shipper.Ship(bytes.NewReader(c.text[want.Offset:]))
			shipper.EndInput()
			encoder.Close()
			c.ask(ctx, http.MethodPut, fmt.Sprintf("/input?input=%d&offset=%d", want.Input, want.Offset), packed.Bytes())
		}
	})
}

// finished waits for the end of the run and compares its results with those that the flow makes here and now.
func (c *cast) finished() {
	c.t.Helper()
	if got := c.results(); !bytes.Equal(got, c.want()) {
		c.t.Errorf("%d bytes of results, want %d", len(got), len(c.want()))
	}
}

// want returns what the results must be.
func (c *cast) want() []byte {
	var want bytes.Buffer
	if _, _, err := c.flow.Apply(bytes.NewReader(c.text), &want, 0); err != nil {
		c.t.Fatal(err)
	}
	return want.Bytes()
}

// results waits for the end of the run and returns its results, which must be what its manifest says.
func (c *cast) results() []byte {
	c.t.Helper()
	out := ""
	c.until("the end of the run", func() bool {
		for _, dir := range c.homes() {
			if state, _ := manifest.Look(filepath.Join(dir, "out")); state == manifest.Finished {
				out = filepath.Join(dir, "out")
			}
		}
		return out != ""
	})
	if _, err := manifest.Verify(c.t.Context(), out, []string{c.run.Inputs[0].URI}); err != nil {
		c.t.Error(err)
	}
	got, err := os.ReadFile(filepath.Join(out, c.run.Results))
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

// end ends all processes.
func (c *cast) end() {
	c.mu.Lock()
	c.ending = true
	for _, p := range c.players {
		p.cmd.Process.Kill() // in vain where it has ended
	}
	c.mu.Unlock()
	close(c.stopping)
	c.playing.Wait()
	if err := os.RemoveAll(c.dir); err != nil {
		c.t.Error(err)
	}
}
