package main

import (
	"errors"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// mount gives a folder a file system of its own, of the given size, or changes the size of the one that it has.
func mount(ts *testscript.TestScript, neg bool, args []string) {
	dir, options := ts.MkAbs(args[0]), "size="+args[1]
	mounts, err := os.ReadFile("/proc/self/mounts")
	ts.Check(err)
	if strings.Contains(string(mounts), " "+dir+" ") {
		ts.Check(unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, options))
		return
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); errors.Is(err, unix.EPERM) { // as in a container
		ts.Fatalf("skip: root may not mount here")
	} else {
		ts.Check(err)
	}
	ts.Defer(func() { ts.Check(unix.Unmount(dir, unix.MNT_DETACH)) })
}
