package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what is seen into the transcripts and scripts that it is compared with")

// TestMain makes this test binary serve as the program flashmob too, and builds the worker's program for it.
func TestMain(m *testing.M) {
	testscript.Main(withWorker{m}, map[string]func(){"flashmob": main})
}

type withWorker struct{ m *testing.M }

func (w withWorker) Run() int {
	dir, err := os.MkdirTemp("", "flashmob-worker")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "worker")
	// No version control stamp: then both programs are of the version "devel".
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "flashmob/cmd/worker")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build worker:", err)
		return 1
	}
	os.Setenv(workerVariable, program)
	defer func() {
		if programsDir != "" {
			os.RemoveAll(programsDir)
		}
	}()
	return w.m.Run()
}
