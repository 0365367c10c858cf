package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A Command is a program to time.
type Command struct {
	Args []string // the program and its arguments
	Dir  string   // Defaults to this process's.

	// Tree says that the program's children may need memory at the same time as it does. The peak is then the highest
	// sum over all living descendants, looked at every 50 ms; else it is the highest peak of any one process, exactly as
	// the kernel kept it. Defaults to false.
	Tree bool
}

// String returns the command as a shell would take it.
func (c Command) String() string {
	words := make([]string, len(c.Args))
	for i, word := range c.Args {
		words[i] = word
		if word == "" || strings.ContainsAny(word, " \t|&;<>()$`\\\"'*?[]#~=%!{}") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// Run runs the command to its end and returns what it took, its children counted as far as somebody waited for them.
// When ctx ends the program's process group is killed. An error names the program and shows the end of what it said.
//
// The kernel hands a process's peak memory down to what it executes, so a caller must itself need little memory.
func Run(ctx context.Context, c Command) (Sample, error) {
	said := tail{limit: 2000}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second // a child that lives on holds the pipe of stderr

	busy := machineBusy()
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Sample{}, fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	stopWatching := func() int64 { return 0 }
	if c.Tree {
		stopWatching = watchTree(cmd.Process.Pid)
	}
	err := cmd.Wait()
	sample := Sample{Wall: time.Since(start)}
	treePeak := stopWatching()
	if err != nil {
		return Sample{}, fmt.Errorf("run %s: %w%s", c.Args[0], errors.Join(err, context.Cause(ctx)), said.quoted())
	}

	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	sample.User, sample.System = cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()
	sample.Peak = max(usage.Maxrss<<10, treePeak)
	sample.Others = max(0, machineBusy()-busy-sample.CPU())
	return sample, nil
}

// Warm reads the file once, so that no timed run waits for the disk.
func Warm(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(io.Discard, file)
	return err
}

// A tail keeps the end of what is written to it.
type tail struct {
	limit int
	kept  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > t.limit {
		t.kept = bytes.Clone(t.kept[len(t.kept)-t.limit:])
	}
	return len(p), nil
}

// quoted returns what was kept for the end of an error message, empty when nothing was.
func (t *tail) quoted() string {
	said := strings.TrimSpace(string(t.kept))
	if said == "" {
		return ""
	}
	return ": " + said
}
