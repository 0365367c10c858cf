package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"flashmob/bench"
)

// programs is where the contenders lie, or why they do not.
type programs struct {
	yardstick, gofilter string
	flashmob, worker    string
	noFlashmob          string // why flashmob cannot be run, empty when it can
	noParallel          string // the same of GNU parallel
}

// limit returns the yardstick's command for a job.
func (p programs) limit(config Config, j job, compress, output string) bench.Command {
	return bench.Command{Args: []string{p.yardstick, "-workers", strconv.Itoa(config.Workers),
		"-slowness", strconv.Itoa(j.slowness), "-compress", compress, "-o", output, j.input}}
}

// build builds what is in this module, stripped as for a release, and looks for what is not.
func build(ctx context.Context, config Config) (programs, error) {
	root, err := said(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return programs{}, err
	}
	dir := filepath.Join(config.Dir, "bin")
	p := programs{
		yardstick: filepath.Join(dir, "yardstick"),
		gofilter:  filepath.Join(dir, "gofilter"),
		flashmob:  filepath.Join(dir, "flashmob"),
		worker:    filepath.Join(dir, "worker"),
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return programs{}, err
	}
	goBuild := func(packages ...string) error {
		fmt.Fprintln(config.Log, "building", strings.Join(packages, " "))
		args := []string{"build", "-p", "2", "-trimpath", "-ldflags", "-s -w", "-o", dir + "/"}
		_, err := said(ctx, root, "go", append(args, packages...)...)
		return err
	}
	if err := goBuild("./bench/yardstick", "./bench/gofilter"); err != nil {
		return programs{}, err
	}

	_, absent := os.Stat(filepath.Join(root, "cmd", "flashmob"))
	switch {
	case config.Flashmob != "":
		if p.flashmob, err = filepath.Abs(config.Flashmob); err != nil {
			return programs{}, err
		}
		p.worker = filepath.Join(filepath.Dir(p.flashmob), "worker")
		if _, err := os.Stat(p.flashmob); err != nil {
			return programs{}, fmt.Errorf("flashmob: %w", err)
		}
	case absent != nil:
		p.noFlashmob = "cmd/flashmob is not there yet"
	default:
		if err := goBuild("./cmd/flashmob", "./cmd/worker"); err != nil {
			p.noFlashmob = err.Error()
		}
	}
	if version, err := said(ctx, "", "parallel", "--version"); err != nil || !strings.HasPrefix(version, "GNU parallel") {
		p.noParallel = "GNU parallel is not installed (apt-get install parallel)"
	}
	return p, nil
}

// versions returns what a figure depends on, as far as it can be found.
func versions(ctx context.Context) map[string]string {
	found := map[string]string{}
	for name, command := range map[string][]string{
		"go":                            {"go", "env", "GOVERSION"},
		"github.com/klauspost/compress": {"go", "list", "-m", "-f", "{{.Version}}", "github.com/klauspost/compress"},
		"commit":                        {"git", "describe", "--always", "--dirty"},
		"parallel":                      {"parallel", "--version"},
		"gzip":                          {"gzip", "--version"},
	} {
		if version, err := said(ctx, "", command[0], command[1:]...); err == nil {
			found[name], _, _ = strings.Cut(version, "\n")
		}
	}
	return found
}

// said runs a program and returns what it writes; an error has what it says on standard error.
func said(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(bytes.TrimSpace(out)), nil
}
