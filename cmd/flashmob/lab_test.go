package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A lab is a folder in which clusters are made, with the programs as a user has them and a sandbox of its own.
type lab struct {
	t   *testing.T
	dir string
	bin string
	env []string // besides this process's own
}

// programs builds all programs into one folder, once. It lies outside of any test's folder: the first test to need it
// is not the last.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flashmob-programs")
	if err != nil {
		return "", err
	}
	programsDir = dir
	build := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", "flashmob/cmd/...")
	if text, err := build.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("build programs: %w\n%s", err, text)
	}
	return dir, nil
})

// programsDir is that folder once it is there, for TestMain to remove.
var programsDir string

// newLab returns a lab, or skips the test where there can be none.
func newLab(t *testing.T) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("makes clusters")
	}
	if os.Getuid() != 0 {
		t.Skip("the sandbox needs root")
	}
	if _, err := exec.LookPath("pulumi"); err != nil {
		t.Skip("no pulumi command on PATH (make tools CLOUD=sandbox builds one)")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, dir: t.TempDir(), bin: bin}
	if text, err := l.program("sandbox", "start", l.cloud()).CombinedOutput(); err != nil {
		t.Skipf("no sandbox here: %s", bytes.TrimSpace(text))
	}
	t.Cleanup(func() {
		if text, err := l.program("sandbox", "stop", l.cloud()).CombinedOutput(); err != nil {
			t.Errorf("stop sandbox: %v: %s", err, text)
		}
		if left := l.left(); left.Processes+left.Namespaces+left.Mounts+left.Interfaces > 0 {
			t.Errorf("left on this machine: %+v", left)
		}
	})
	return l
}

func (l *lab) cloud() string { return filepath.Join(l.dir, ".flashmob", "sandbox") }

func (l *lab) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l *lab) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(l.bin, name), args...)
	cmd.Dir, cmd.Env = l.dir, append(os.Environ(), l.env...)
	return cmd
}

// try runs flashmob and returns what it prints and its exit code.
func (l *lab) try(args ...string) (stdout, stderr string, exit int) {
	l.t.Helper()
	cmd := l.program("flashmob", args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		l.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// do runs flashmob, which has to succeed, and returns its standard output.
func (l *lab) do(args ...string) string {
	l.t.Helper()
	out, errs, exit := l.try(args...)
	if exit != 0 {
		l.t.Fatalf("flashmob %s: exit code %d\n%s%s", strings.Join(args, " "), exit, out, errs)
	}
	return out
}

// fail runs flashmob, which has to end with the exit code and say all of the words on standard error.
func (l *lab) fail(exit int, words []string, args ...string) string {
	l.t.Helper()
	out, errs, got := l.try(args...)
	if got != exit {
		l.t.Errorf("flashmob %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, exit, out, errs)
	}
	for _, word := range words {
		if !strings.Contains(errs, word) {
			l.t.Errorf("flashmob %s does not say %q:\n%s", strings.Join(args, " "), word, errs)
		}
	}
	return out
}

// up makes a cluster of a size, or changes its size.
func (l *lab) up(size int, more ...string) string {
	l.t.Helper()
	return l.do(append([]string{"up", "--cloud", "sandbox", "--type", "c5.xlarge", "--size", fmt.Sprint(size)}, more...)...)
}

// start starts flashmob and returns it with what it says on standard error.
func (l *lab) start(args ...string) (*exec.Cmd, *output) {
	l.t.Helper()
	cmd, said := l.program("flashmob", args...), new(output)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { cmd.Process.Kill() }) // in vain where it has ended
	return cmd, said
}

// await polls until a started program has said something, which no event tells of.
func (l *lab) await(said *output, word string) {
	l.t.Helper()
	l.awaitFor(said, word, patience)
}

// awaitFor is await of something that takes longer.
func (l *lab) awaitFor(said *output, word string, patience time.Duration) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(said.String(), word); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("it does not say %q within %v:\n%s", word, patience, said)
		}
	}
}

// left is what sandbox count prints.
type left struct{ Processes, Namespaces, Mounts, Interfaces, Objects int }

func (l *lab) left() (n left) {
	l.t.Helper()
	text, err := l.program("sandbox", "count", l.cloud()).Output()
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

// nothing checks that the cloud has nothing: no object of the account, no host, only its own server. A host is gone a
// moment before the kernel has let go of all that it was.
func (l *lab) nothing() {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // no event tells
		left := l.left()
		if left.Objects+left.Namespaces+left.Mounts == 0 && left.Processes <= 1 {
			return
		}
		if left.Objects > 0 || time.Now().After(deadline) {
			l.t.Errorf("left in the cloud: %+v", left)
			return
		}
	}
}

// down ends the cluster and checks that it is gone.
func (l *lab) down() string {
	l.t.Helper()
	out := l.do("down", "--cloud", "sandbox")
	if !strings.Contains(out, "\n0 left, $") {
		l.t.Errorf("down does not say that 0 are left:\n%s", out)
	}
	l.nothing()
	return out
}

// kill ends a program as kill -9 does, with the processes below it down to a depth.
func kill(pid, depth int) {
	var below []int
	if depth > 0 {
		below = children(pid)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range below {
		kill(child, depth-1)
	}
}
