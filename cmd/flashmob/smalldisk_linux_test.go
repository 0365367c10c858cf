package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk gives a host of a camp a disk of its own, with room for the worker's program and so many bytes, and returns what
// makes it larger.
func (l *lab) smallDisk(host string, room int64) (grow func(by int64)) {
	l.t.Helper()
	program, err := os.Stat(filepath.Join(l.bin, "worker"))
	if err != nil {
		l.t.Fatal(err)
	}
	dir := l.path(".flashmob/local", host)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	mount := func(flags uintptr) error {
		return unix.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("size=%d", program.Size()+room))
	}
	if err := mount(0); err != nil {
		l.t.Skip("only root may mount a small disk")
	}
	l.t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			l.t.Error(err)
		}
	})
	return func(by int64) {
		room += by
		if err := mount(unix.MS_REMOUNT); err != nil {
			l.t.Fatal(err)
		}
	}
}

// The initializer's host keeps log and results: where its disk is full the run ends, says so, and goes on when there is room.
func TestFullDiskOfTheInitializerEndsTheRun(t *testing.T) {
	l := newCamp(t, 3)
	grow := l.smallDisk("initializer-1", 14<<20)
	if err := os.WriteFile(l.path("rows"), []byte(l.do("generate", "--lines", "400000")), 0o644); err != nil {
		t.Fatal(err)
	}
	l.do("run", "--local", "--input", "rows", "--compress", "none", "-o", "here")
	args := []string{"run", "-i", "hosts.yml", "--input", "rows", "--compress", "none", "-o", "there"}
	l.fail(1, []string{"hint: ", "make room"}, args...)
	grow(200 << 20)
	l.do(append(args, "--resume")...)
	if !bytes.Equal(l.results("there"), l.results("here")) {
		t.Error("the results differ")
	}
	l.do("verify", "there", "--input", "rows")
}

// A worker's host keeps nothing but what it is started with.
func TestFullDiskOfAWorkerChangesNothing(t *testing.T) {
	l := newCamp(t, 2)
	grow := l.smallDisk("workers-1", 1<<20)
	l.do("run", "--local", "--lines", "100000", "--app", "query2", "--compress", "none", "-o", "here")
	args := []string{"run", "-i", "hosts.yml", "--lines", "100000", "--app", "query2", "--compress", "none", "-o", "there"}
	l.do(args...)
	if !bytes.Equal(l.results("there"), l.results("here")) {
		t.Error("the results differ")
	}
	// Without room for the program it does not come to work; the others do its part.
	if err := os.RemoveAll(l.path(".flashmob/local/workers-1/.flashmob")); err != nil {
		t.Fatal(err)
	}
	grow(-4 << 20)
	l.do(append(args, "--force")...)
	if !bytes.Equal(l.results("there"), l.results("here")) {
		t.Error("the results differ where the program does not fit")
	}
}
