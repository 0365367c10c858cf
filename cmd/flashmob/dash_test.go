package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"flashmob/dashboard"
)

// shown finds the address of a page in what a program says.
func (l *lab) shown(said *output) string {
	l.t.Helper()
	l.await(said, "http://127.0.0.1:")
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(said.String())
	if url == "" {
		l.t.Fatalf("no whole address in %q", said)
	}
	return url
}

// fetch reads a page.
func (l *lab) fetch(url string) string {
	l.t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

// fetchUntil reads a status until it is as it should be.
func (l *lab) fetchUntil(url string, is func(v dashboard.View) bool) (v dashboard.View) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		v = dashboard.View{}
		if err := json.Unmarshal([]byte(l.fetch(url+"api/status")), &v); err != nil {
			l.t.Fatal(err)
		}
		if is(v) {
			return v
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("the page never comes to show it: %+v, run %+v", v, v.Run)
		}
	}
}

// fieldsIn returns where there is a value in a JSON text, in order: run.workers[].host.
func fieldsIn(t *testing.T, text string) []string {
	t.Helper()
	var whole any
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(at+"."+name, inner)
			}
		case []any:
			for _, inner := range v {
				walk(at+"[]", inner)
			}
		default:
			found[at] = true
		}
	}
	walk("", whole)
	return slices.Sorted(maps.Keys(found))
}

func TestRunOnAClusterIsShownThroughSSH(t *testing.T) {
	l := newLab(t)
	l.up(2)
	l.fail(4, []string{"no run goes on here"}, "dash")
	run, said := l.start("run", "--lines", "400000", "--calibrate", "100us", "--compress", "none", "-o", "out")
	own := l.shown(said)
	dash, dashSaid := l.start("dash", "--address", "127.0.0.1:0")
	url := l.shown(dashSaid)
	busy := func(v dashboard.View) bool {
		return v.Run != nil && len(v.Run.Workers) == 2 && v.Run.Workers[1].Records > 0 && v.Cluster != nil && v.Cluster.Expected != nil && len(v.Run.Spans) > 5 &&
			!slices.ContainsFunc(v.Hosts, func(h dashboard.Host) bool { return h.Machine == nil })
	}
	v := l.fetchUntil(url, busy)
	l.fetchUntil(own, busy)
	if v.Cluster.Hourly <= 0 || v.Cluster.EndsIn == nil || *v.Cluster.EndsIn < 3600 || v.Cluster.Expected == nil {
		t.Errorf("of the cluster it shows %+v", v.Cluster)
	}
	states := map[string]string{}
	for _, host := range v.Hosts {
		states[host.Name] = host.State
		if host.Machine == nil || host.Machine.Load == nil {
			t.Errorf("of %s it shows %+v", host.Name, host.Machine)
		}
	}
	if len(states) != 3 || states["initializer-1"] != "work" || states["workers-1"] != "work" || states["metrics-1"] != "dashboard" {
		t.Errorf("the hosts are %v", states)
	}
	if metrics := l.fetch(url + "metrics"); !strings.Contains(metrics, `flashmob_worker_up{worker="workers-1"} 1`) {
		t.Errorf("metrics are\n%s", metrics)
	}
	var status dashboard.View
	if err := json.Unmarshal([]byte(l.do("status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if status.Run == nil || status.Run.ID != v.Run.ID || status.Run.Records < v.Run.Records || status.Run.History == nil || len(status.Hosts) != len(v.Hosts) {
		t.Errorf("the status at home is %+v", status.Run)
	}
	for deadline := time.Now().Add(patience); ; { // what is not known is left out, and may come to be known in between
		page, home := fieldsIn(t, l.fetch(url+"api/status")), fieldsIn(t, l.do("status", "--json"))
		if slices.Equal(page, home) {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("/api/status has other fields than flashmob status --json:\n%q\n%q", page, home)
			break
		}
	}
	listens := l.do("ssh", "metrics-1", "--", "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null")
	if own, all := regexp.MustCompile(`(?m): 0100007F:0FA0 `), regexp.MustCompile(`(?m): 0+:0FA0 `); !own.MatchString(listens) || all.MatchString(listens) {
		t.Errorf("the page is not on the loopback interface alone:\n%s", listens)
	}
	l.plug("workers-1")
	lost := l.fetchUntil(url, func(v dashboard.View) bool { return v.Run.Workers[len(v.Run.Workers)-1].Lost })
	if w := lost.Run.Workers[1]; w.Name != "workers-1" || w.Records == 0 {
		t.Errorf("the lost one is %+v", w)
	}
	if err := run.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	if !strings.Contains(said.String(), "worker gone") {
		t.Errorf("the run said\n%s", said)
	}
	if err := dash.Process.Signal(os.Signal(syscall.SIGINT)); err != nil {
		t.Fatal(err)
	}
	if err := dash.Wait(); err != nil {
		t.Errorf("dash ends with %v\n%s", err, dashSaid)
	}
	l.down()
}
