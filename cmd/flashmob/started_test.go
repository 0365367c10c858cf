package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// started is the program that a script has started last.
type started struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	ended          chan struct{}
	children       []int // that were seen, at any time
}

type startedKey struct{}

// output keeps what a program prints. Safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// program returns what the script has started.
func program(ts *testscript.TestScript) *started {
	s := ts.Value(startedKey{}).(*started)
	if s.cmd == nil {
		ts.Fatalf("nothing was started")
	}
	return s
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(startedKey{}).(*started)
	var stdin io.Reader
	if args[0] == "-stdin" {
		stdin, args = strings.NewReader(ts.ReadFile(args[1])), args[2:]
	}
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	s.cmd, s.ended, s.children = exec.Command(path, args[1:]...), make(chan struct{}), nil
	s.stdout, s.stderr = new(output), new(output)
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), workerVariable+"="+ts.Getenv(workerVariable))
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = stdin, s.stdout, s.stderr
	s.cmd.WaitDelay = time.Second // a child that outlives it keeps its output open
	ts.Check(s.cmd.Start())
	go func(cmd *exec.Cmd, ended chan<- struct{}) {
		cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	process, ended := s.cmd.Process, s.ended
	ts.Defer(func() {
		process.Kill() // in vain where finish has seen it end
		<-ended
	})
}

// patience is how long a script waits for what must happen soon.
const patience = 30 * time.Second

// until polls for something to become true, which no event tells of: it happens in another process.
func until(ts *testscript.TestScript, what string, done func() bool) {
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			ts.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func begun(ts *testscript.TestScript, neg bool, args []string) {
	s, journal, parts := program(ts), ts.MkAbs(filepath.Join(args[0], "journal.jsonl")), number(ts, args, 1)
	resumed := 0
	if len(args) > 2 {
		resumed = number(ts, args, 2)
	}
	until(ts, fmt.Sprintf("%d parts in %s", parts, journal), func() bool {
		select {
		case <-s.ended:
			ts.Fatalf("it has ended already:\n%s%s", s.stdout, s.stderr)
		default:
		}
		text, _ := os.ReadFile(journal) // it is there once the run has begun
		sittings := bytes.Split(text, []byte(`{"resumed":`))
		return len(sittings) > resumed && bytes.Count(sittings[resumed], []byte(`"kind":"records"`)) >= parts
	})
	s.children = append(s.children, children(s.cmd.Process.Pid)...)
}

func says(ts *testscript.TestScript, neg bool, args []string) {
	s := program(ts)
	until(ts, fmt.Sprintf("%q on standard error", args[0]), func() bool { return strings.Contains(s.stderr.String(), args[0]) })
}

// leftBehind waits for something in the temporary folder that matches a pattern; negated, there must be nothing now.
func leftBehind(ts *testscript.TestScript, neg bool, args []string) {
	pattern := filepath.Join(ts.Getenv("TMPDIR"), args[0])
	found := func() []string {
		names, err := filepath.Glob(pattern)
		ts.Check(err)
		return names
	}
	if !neg {
		until(ts, pattern, func() bool { return len(found()) > 0 })
	} else if names := found(); len(names) > 0 {
		ts.Fatalf("left: %q", names)
	}
}

var signals = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(program(ts).cmd.Process.Signal(signals[args[0]]))
}

func killWorkers(ts *testscript.TestScript, neg bool, args []string) {
	pids := children(program(ts).cmd.Process.Pid)
	n := number(ts, args, 0)
	if len(pids) < n {
		ts.Fatalf("it has %d children", len(pids))
	}
	for _, pid := range pids[:n] {
		ts.Check(syscall.Kill(pid, syscall.SIGKILL))
	}
}

func finish(ts *testscript.TestScript, neg bool, args []string) {
	s, want := program(ts), number(ts, args, 0)
	select {
	case <-s.ended:
	case <-time.After(2 * patience):
		ts.Fatalf("it does not end")
	}
	io.WriteString(ts.Stdout(), s.stdout.String())
	io.WriteString(ts.Stderr(), s.stderr.String())
	if code := s.cmd.ProcessState.ExitCode(); code != want {
		ts.Fatalf("exit code %d, want %d:\n%s%s", code, want, s.stdout, s.stderr)
	}
}

func childless(ts *testscript.TestScript, neg bool, args []string) {
	s := program(ts)
	if len(s.children) == 0 {
		ts.Fatalf("no children were seen, so nothing is proven")
	}
	for _, pid := range s.children {
		until(ts, fmt.Sprintf("process %d gone", pid), func() bool {
			state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || bytes.Contains(state, []byte(") Z "))
		})
	}
}

// children returns the processes whose parent is pid.
func children(pid int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it is gone
		}
		_, rest, _ := strings.Cut(string(text), ") ") // behind the name
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) && fields[0] != "Z" {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, child)
		}
	}
	return pids
}
