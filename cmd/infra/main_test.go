package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"flashmob/internal/sandbox"
)

// TestMain lets the test binary be this program, and Pulumi's provider.
func TestMain(m *testing.M) {
	sandbox.Main()
	if os.Getenv("RUN_MAIN") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func run(t *testing.T, input string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RUN_MAIN=1", "PULUMI_MONITOR=")
	cmd.Stdin = strings.NewReader(input)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestStartedByHandItSaysWhoItIsFor(t *testing.T) {
	_, stderr, exit := run(t, "")
	if exit != 2 || !strings.Contains(stderr, "hint: pulumi up") {
		t.Errorf("exit %d, %q", exit, stderr)
	}
}

func TestServeAnswersInJSON(t *testing.T) {
	stdout, _, exit := run(t, `{"operation":"dance"}`, "serve")
	if exit != 0 || stdout != `{"fault":{"text":"unknown operation \"dance\""},"done":true}`+"\n" {
		t.Errorf("exit %d, %q", exit, stdout)
	}
	if _, stderr, exit := run(t, "dance", "serve"); exit != 1 || !strings.HasPrefix(stderr, "infra: read request: ") {
		t.Errorf("exit %d, %q", exit, stderr)
	}
}
