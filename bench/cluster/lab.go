package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// hostType is an instance type whose architecture the sandbox of an amd64 machine has.
const hostType = "c5.xlarge"

// A lab is a folder with programs, clusters and a sandbox of its own.
type lab struct {
	dir, bin string
	link     string // the network interface that leads to the hosts
}

func (l *lab) cloud() string { return filepath.Join(l.dir, ".flashmob", "sandbox") }

// build builds the programs as for a release, unless there is a folder of them.
func (l *lab) build(ctx context.Context, log io.Writer) (err error) {
	if l.bin != "" {
		l.bin, err = filepath.Abs(l.bin)
		return err
	}
	l.bin = filepath.Join(l.dir, "bin")
	fmt.Fprintln(log, "building the programs")
	_, err = l.said(ctx, "", "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", l.bin+"/",
		"flashmob/cmd/flashmob", "flashmob/cmd/worker", "flashmob/cmd/infra", "flashmob/cmd/sandbox")
	return err
}

// packed is the size of the worker's binary as it is sent.
func (l *lab) packed() (int64, error) {
	binary, err := os.ReadFile(filepath.Join(l.bin, "worker"))
	if err != nil {
		return 0, err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(binary); err != nil {
		return 0, err
	}
	err = w.Close()
	return int64(packed.Len()), err
}

// open starts the sandbox and finds the interface that leads to its hosts.
func (l *lab) open(ctx context.Context) error {
	text, err := l.said(ctx, l.dir, filepath.Join(l.bin, "sandbox"), "start", l.cloud())
	if err != nil {
		return err
	}
	var access struct{ Operator string }
	if err := json.Unmarshal([]byte(text), &access); err != nil {
		return fmt.Errorf("start sandbox: %w", err)
	}
	links, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, link := range links {
		addresses, err := link.Addrs()
		if err != nil {
			return err
		}
		for _, a := range addresses {
			if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.String() == access.Operator {
				l.link = link.Name
				return nil
			}
		}
	}
	return fmt.Errorf("start sandbox: no interface has its address %s", access.Operator)
}

// close ends the sandbox with everything in it.
func (l *lab) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := l.said(ctx, l.dir, filepath.Join(l.bin, "sandbox"), "stop", l.cloud())
	return err
}

// sent is how many bytes went from here to the hosts so far, headers included.
func (l *lab) sent() (int64, error) {
	text, err := os.ReadFile("/sys/class/net/" + l.link + "/statistics/tx_bytes")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

func (l *lab) flashmob(ctx context.Context, args ...string) (string, error) {
	return l.said(ctx, l.dir, filepath.Join(l.bin, "flashmob"), args...)
}

// said runs a program and returns its standard output; its error has the end of what it said.
func (l *lab) said(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	if err := cmd.Run(); err != nil {
		end := strings.TrimSpace(errs.String())
		end = end[max(0, len(end)-2000):]
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), errors.Join(err, context.Cause(ctx)), end)
	}
	return out.String(), nil
}

// run runs the round's rows on the cluster and notes when the first part was at home and when all was over.
func (l *lab) run(ctx context.Context, r *Round) error {
	folder := filepath.Join(l.dir, "cluster")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	type end struct {
		out string
		err error
		at  time.Time
	}
	ended := make(chan end, 1)
	began := time.Now()
	go func() {
		out, err := l.flashmob(ctx, "run", "--lines", fmt.Sprint(r.Rows), "-o", "cluster")
		ended <- end{out, err, time.Now()}
	}()
	look := time.NewTicker(2 * time.Millisecond) // the journal is another process's: no event tells of it
	defer look.Stop()
	for {
		select {
		case e := <-ended:
			r.Run = e.at.Sub(began)
			if r.First == 0 { // it was over before it was looked at
				r.First = r.Run
			}
			r.Phases = phases(e.out)
			return e.err
		case now := <-look.C:
			journal, err := os.ReadFile(filepath.Join(folder, "journal.jsonl"))
			if r.First == 0 && err == nil && bytes.Contains(journal, []byte(`"kind":"records"`)) {
				r.First = now.Sub(began)
				look.Stop()
			}
		}
	}
}

// uploadTime is how long an up says that it took to bring the hosts the worker's binary.
func uploadTime(said string) (time.Duration, error) {
	for line := range strings.Lines(said) {
		if _, upload, ok := strings.Cut(line, ", upload "); ok && strings.HasPrefix(line, "time ") {
			return time.ParseDuration(strings.ReplaceAll(strings.TrimSpace(upload), " ", ""))
		}
	}
	return 0, fmt.Errorf("up does not say how long its upload took: %s", said)
}

// phases is where the run says that its time went.
func phases(said string) string {
	for line := range strings.Lines(said) {
		if rest, ok := strings.CutPrefix(line, "time "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
