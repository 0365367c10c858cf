package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"flashmob/infra"
)

// An engine is the pulumi command in a process group of its own: Ctrl-C reaches it once, as the cancelled context's
// interrupt, and not a second time from the terminal, which would make it drop its calls to the cloud on the floor.
type engine struct {
	path    string
	version semver.Version
}

// cancelPatience is how long an interrupted engine may take to finish the calls that are under way.
const cancelPatience = 2 * time.Minute

// findEngine finds the pulumi command: on PATH, or else installed by the Automation API in the user's home.
func findEngine(ctx context.Context, notify func(infra.Event)) (auto.PulumiCommand, error) {
	found, err := auto.NewPulumiCommand(nil)
	if err == nil {
		path, err := exec.LookPath("pulumi")
		if err != nil {
			return nil, fmt.Errorf("find pulumi command: %w", err)
		}
		return engine{path: path, version: found.Version()}, nil
	}
	notify(infra.Event{Step: "install", Detail: "no usable pulumi command on PATH: installing one under ~/.pulumi/versions"})
	home, homeErr := os.UserHomeDir()
	if homeErr != nil {
		return nil, fmt.Errorf("install pulumi command: %w", homeErr)
	}
	root := filepath.Join(home, ".pulumi", "versions", "flashmob")
	found, installErr := auto.InstallPulumiCommand(ctx, &auto.PulumiCommandOptions{Root: root})
	if installErr != nil {
		return nil, fmt.Errorf("find pulumi command: %w", errors.Join(err, installErr))
	}
	return engine{path: filepath.Join(root, "bin", "pulumi"), version: found.Version()}, nil
}

// Version is the command's version.
func (e engine) Version() semver.Version { return e.version }

// Run runs the command and waits for it; its contract is auto.PulumiCommand's, but that the writers hear everything at
// the end. Its output goes to files: a pipe to this process would end it at its next word when this process is killed, in
// the middle of writing its state as likely as not.
func (e engine) Run(ctx context.Context, dir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	cmd := exec.CommandContext(ctx, e.path, append(args, "--non-interactive")...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), env...), "PULUMI_AUTOMATION_API=true")
	cmd.Stdin = stdin
	out, err := newOutput()
	if err != nil {
		return "", "", -1, err
	}
	defer out.Close()
	errs, err := newOutput()
	if err != nil {
		return "", "", -1, err
	}
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = cancelPatience
	err = cmd.Run()
	outText, outErr := readOutput(out, stdout)
	errText, errErr := readOutput(errs, stderr)
	return outText, errText, cmd.ProcessState.ExitCode(), errors.Join(err, outErr, errErr)
}

// newOutput is a file for what a command prints; it is gone with the process.
func newOutput() (*os.File, error) {
	file, err := os.CreateTemp("", "flashmob-engine-")
	if err != nil {
		return nil, fmt.Errorf("run pulumi: %w", err)
	}
	return file, os.Remove(file.Name())
}

// readOutput returns what a command has printed, and copies it to the writers.
func readOutput(file *os.File, writers []io.Writer) (string, error) {
	var text bytes.Buffer
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	_, err := io.Copy(io.MultiWriter(append(writers, &text)...), file)
	return text.String(), err
}
