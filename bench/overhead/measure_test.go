package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/bench"
)

// stub is this test's own program in the place of flashmob: it answers at the address of its page until somebody has looked, and
// writes a manifest.
func stub(args []string) int {
	output, page := "", ""
	for i, arg := range args {
		if arg == "-o" {
			output = args[i+1]
		}
		page = strings.TrimPrefix(arg, "--dashboard=")
	}
	if strings.HasPrefix(page, "127.0.0.1:") {
		seen := make(chan bool, 9)
		server := http.Server{Addr: page, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen <- r.URL.Path == "/metrics" })}
		go server.ListenAndServe()
		for !<-seen {
		}
	}
	if os.MkdirAll(output, 0o755) != nil || os.WriteFile(filepath.Join(output, "manifest.json"), []byte(os.Getenv("STUB")), 0o644) != nil {
		return 1
	}
	return 0
}

func TestMain(m *testing.M) {
	if os.Getenv("STUB") != "" {
		os.Exit(stub(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// competed lets stubs that write a manifest compete.
func competed(t *testing.T, manifest string) (*bench.Report, string, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("STUB", manifest)
	var log bytes.Buffer
	report := new(bench.Report)
	err = compete(t.Context(), Config{Rows: 7, Rounds: 6, Workers: 1, Dir: t.TempDir(), Log: &log}, report, map[string]string{mute: program, metered: program, shown: program}, "rows.csv")
	return report, log.String(), err
}

func TestCompeteRunsEveryContenderBesideMuteEveryRound(t *testing.T) {
	report, log, err := competed(t, `{"totals": {"records_out": 7}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Records {
		if len(r.Samples) != 6 || !r.Measured() || r.Samples[0].CPU() == 0 {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	if len(report.Records) != 4 || strings.Count(log, "\n") != 24 || !strings.HasPrefix(log, "round 1 of 6: ") {
		t.Errorf("it is %+v\n%s", report, log)
	}
}

func TestRunThatLosesRowsIsNoMeasurement(t *testing.T) {
	if _, _, err := competed(t, `{"totals": {"records_out": 6}}`); !errors.Is(err, bench.ErrWrong) {
		t.Errorf("it says %v", err)
	}
}

func TestLookSeesThePageAndAsksForItsMetrics(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if r.URL.Path == "/metrics" {
			stop()
		}
	}))
	defer server.Close()
	if seen := look(ctx, strings.TrimPrefix(server.URL, "http://")); seen != 1 || fmt.Sprint(asked) != "[/ /metrics]" {
		t.Errorf("it saw it %d times, and asked for %v", seen, asked)
	}
}
