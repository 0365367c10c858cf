package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"flashmob/internal/sandbox/cloud"
	"flashmob/internal/sandbox/provider"
)

// Options say how a sandbox is started. They count for a new server only.
type Options struct {
	// Region is the name of the one region. Defaults to us-west-2.
	Region string
	// Program is the executable that becomes server, hosts and provider; its main function must call Main first.
	// Defaults to this one.
	Program string
	// Bound ends the server and all hosts when this process ends. Defaults to false: they live on.
	Bound bool
}

// Sandbox is a cloud that runs. Its methods may be called concurrently.
type Sandbox struct {
	dir      string
	record   record
	lifeline *os.File // closed, it ends a bound sandbox
}

// Fault is something that goes wrong on order.
type Fault = cloud.Fault

// The kinds of fault.
const (
	Capacity   = cloud.Capacity
	APIError   = cloud.APIError
	SlowBoot   = cloud.SlowBoot
	SSHRefused = cloud.SSHRefused
	Preempt    = cloud.Preempt
	SlowLink   = cloud.SlowLink
	Late       = cloud.Late
)

// Start returns the sandbox that serves the folder dir, with a new server where none runs. The folder is made if need be
// and belongs to the sandbox alone; removing it ends the sandbox.
func Start(ctx context.Context, dir string, o Options) (*Sandbox, error) {
	if err := Check(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	if s, err := Find(ctx, dir); err == nil {
		return s, nil
	}
	s, err := start(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("start sandbox in %s: %w", dir, err)
	}
	return s, nil
}

// ErrNotRunning is what Find returns where no server serves the folder.
var ErrNotRunning = errors.New("no sandbox runs here")

// Find returns the sandbox that serves the folder dir already.
func Find(ctx context.Context, dir string) (*Sandbox, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r, err := readRecord(dir)
	if err != nil {
		return nil, ErrNotRunning
	}
	s := &Sandbox{dir: dir, record: r}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := s.Faults(ctx); err != nil {
		return nil, ErrNotRunning
	}
	return s, nil
}

func start(ctx context.Context, dir string, o Options) (*Sandbox, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program = cmp.Or(o.Program, program)
	if err := layOut(dir, program); err != nil {
		return nil, err
	}
	key := "SANDBOX" + rand.Text()
	if before, err := readRecord(dir); err == nil {
		key = before.Key // what was exported for the server before goes on to work
	}
	order, err := json.Marshal(serverOrder{dir, cmp.Or(o.Region, "us-west-2"), program, key, o.Bound})
	if err != nil {
		return nil, err
	}
	said, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer said.Close()
	statusR, statusW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer statusR.Close()
	cmd := exec.Command(program)
	cmd.Args = []string{serverName, string(order)}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = said, said, []*os.File{statusW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	s := &Sandbox{dir: dir}
	if o.Bound {
		var end *os.File
		if end, s.lifeline, err = os.Pipe(); err != nil {
			return nil, errors.Join(err, statusW.Close())
		}
		defer end.Close()
		cmd.Stdin = end
	}
	err = cmd.Start()
	statusW.Close()
	if err != nil {
		return nil, errors.Join(err, s.letGo())
	}
	go func() { _ = cmd.Wait() }() // a server that ends before this process is not left a zombie
	stopReading := context.AfterFunc(ctx, func() { _ = statusR.SetReadDeadline(time.Now()) })
	defer stopReading()
	answer, err := io.ReadAll(statusR)
	if err == nil && string(answer) != "up" {
		err = errors.New(cmp.Or(string(answer), "the server ended; see "+logFile))
	}
	if err == nil {
		s.record, err = readRecord(dir)
	}
	if err != nil {
		return nil, errors.Join(err, s.letGo())
	}
	return s, nil
}

// layOut makes the folder with what a server expects in it.
func layOut(dir, program string) error {
	for _, d := range []string{dir, filepath.Join(dir, hostsDir), filepath.Join(dir, binDir)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	link := filepath.Join(dir, binDir, provider.ProgramName)
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(program, link)
}

// Env is what a process needs in its environment for AWS tools and Pulumi to use this sandbox and nothing else.
func (s *Sandbox) Env() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":            "http://" + s.record.Address,
		"AWS_ACCESS_KEY_ID":           s.record.Key,
		"AWS_SECRET_ACCESS_KEY":       "sandbox",
		"AWS_SESSION_TOKEN":           "",
		"AWS_PROFILE":                 "",
		"AWS_REGION":                  s.record.Region,
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
		"PATH":                        filepath.Join(s.dir, binDir) + string(os.PathListSeparator) + os.Getenv("PATH"),
	}
}

// Region is the name of the one region.
func (s *Sandbox) Region() string { return s.record.Region }

// Operator is the address by which hosts know this machine: the one to open port 22 to.
func (s *Sandbox) Operator() netip.Addr { return operatorOf(s.record.Network) }

// Stop ends the server, all hosts and the network. The account's state stays in the folder.
func (s *Sandbox) Stop(ctx context.Context) error {
	if err := s.signalServer(ctx, unix.SIGINT); err != nil {
		return fmt.Errorf("stop sandbox: %w", err)
	}
	if err := errors.Join(killLeft(s.dir), removeNetwork(s.record.Network), s.letGo()); err != nil {
		return fmt.Errorf("stop sandbox: %w", err)
	}
	return nil
}

// KillServer ends the server as kill -9 does and leaves the hosts. Start brings it back.
func (s *Sandbox) KillServer(ctx context.Context) error { return s.signalServer(ctx, unix.SIGKILL) }

func (s *Sandbox) letGo() error {
	if s.lifeline == nil {
		return nil
	}
	err := s.lifeline.Close()
	s.lifeline = nil
	return err
}

// signalServer sends a signal to the server and waits for its end. A server that does not run is no error.
func (s *Sandbox) signalServer(ctx context.Context, signal unix.Signal) error {
	pid := serverPID(s.dir)
	if pid == 0 {
		return nil
	}
	if err := unix.Kill(pid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	for serverPID(s.dir) == pid {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// Order makes something go wrong from now on.
func (s *Sandbox) Order(ctx context.Context, f Fault) error {
	_, err := s.call(ctx, http.MethodPost, f)
	return err
}

// Clear takes all orders back.
func (s *Sandbox) Clear(ctx context.Context) error {
	_, err := s.call(ctx, http.MethodDelete, nil)
	return err
}

// Faults lists what is on order, with how often each has struck.
func (s *Sandbox) Faults(ctx context.Context) ([]Fault, error) {
	b, err := s.call(ctx, http.MethodGet, nil)
	if err != nil {
		return nil, err
	}
	var out []Fault
	return out, json.Unmarshal(b, &out)
}

func (s *Sandbox) call(ctx context.Context, method string, body any) ([]byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.record.Address+"/_sandbox/faults", bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Credential="+s.record.Key+"/")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(said)))
	}
	return said, err
}
