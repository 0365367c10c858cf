package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// group makes a control group whose processes may have so many bytes of memory, and returns the file that takes them in.
func group(t *testing.T, bytes int64) (processes string) {
	t.Helper()
	const root = "/sys/fs/cgroup"
	set := func(path string, value []byte) error { // the kernel makes the files: who makes one has no control group
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = file.Write(value)
		return errors.Join(err, file.Close())
	}
	var tried []error
	for _, kind := range []struct{ parent, limit string }{{root, "memory.max"}, {filepath.Join(root, "memory"), "memory.limit_in_bytes"}} {
		_ = set(filepath.Join(kind.parent, "cgroup.subtree_control"), []byte("+memory")) // older groups have none, and need none
		dir := filepath.Join(kind.parent, fmt.Sprintf("flashmob-test-%d", os.Getpid()))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			t.Cleanup(func() {
				for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // who was killed leaves it soon
					if err := os.Remove(dir); err == nil {
						return
					} else if time.Now().After(deadline) {
						t.Error(err)
						return
					}
				}
			})
			err = set(filepath.Join(dir, kind.limit), fmt.Append(nil, bytes))
		}
		if err == nil {
			return filepath.Join(dir, "cgroup.procs")
		}
		tried = append(tried, err)
	}
	t.Skipf("no control group with a limit can be made here: %v", errors.Join(tried...))
	return ""
}

// A worker that the kernel kills again and again, for it needs more memory than it may have, holds nothing up for long.
func TestAWorkerMayBeOutOfMemory(t *testing.T) {
	small := group(t, 4<<20) // it goes when all who are in it have
	c := newCast(t, "classifier", inputs["classifier"].text(), inputs["classifier"].rows, waits["short"])
	c.within = map[string]string{"workers-1": small}
	c.initializer()
	c.worker("workers-2")
	c.joined(2)
	c.worker("workers-1")
	victim := c.players["workers-1"]
	c.until("the worker's end", func() bool {
		select {
		case <-victim.ended:
			return true
		default:
			return false
		}
	})
	if how := victim.cmd.ProcessState.Sys().(syscall.WaitStatus); !how.Signaled() || how.Signal() != syscall.SIGKILL {
		t.Fatalf("the kernel did not kill it: %v, %s", victim.cmd.ProcessState, victim.said.String())
	}
	c.operate()
	c.finished()
}
