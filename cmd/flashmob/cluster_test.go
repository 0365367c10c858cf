package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestClusterFromUpToDown(t *testing.T) {
	l := newLab(t)
	l.fail(2, []string{"how many hosts?", "hint: flashmob up --size 3"}, "up", "--cloud", "sandbox")
	preview := l.do("up", "--cloud", "sandbox", "--type", "c5.xlarge", "--size", "2", "--preview")
	if !strings.Contains(preview, "create") || !strings.Contains(preview, "$0.45 an hour") {
		t.Errorf("the preview says\n%s", preview)
	}
	l.nothing()
	l.fail(4, []string{"there is no cluster", "hint: flashmob up"}, "hosts")

	l.up(2)
	if again := l.up(2); !strings.Contains(again, "(0 created, 0 changed, 0 deleted,") {
		t.Errorf("a second up says\n%s", again)
	}
	if remembered := l.do("up"); !strings.Contains(remembered, "(0 created, 0 changed, 0 deleted,") {
		t.Errorf("an up without anything says\n%s", remembered)
	}
	if status := l.do("status"); !strings.Contains(status, ": up\n") || !strings.Contains(status, "none") {
		t.Errorf("the status is\n%s", status)
	}
	if said := l.do("ssh", "workers-1", "--", "echo", "hello"); said != "hello\n" {
		t.Errorf("ssh says %q", said)
	}

	rows := plainRows(5000)
	if err := os.WriteFile(l.path("in.csv"), rows, 0o644); err != nil {
		t.Fatal(err)
	}
	want, _ := oracle(rows, 10, true)
	l.do("run", "--input", "in.csv", "--compress", "none", "-o", "out")
	if got, err := os.ReadFile(l.path("out", "results.csv")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the results of the cluster are others: %v", err)
	}
	if said := l.do("results", "-o", "out"); !strings.Contains(said, "out is whole: 5 000 rows in = 5 000 out + 0 rejected") {
		t.Errorf("results says\n%s", said)
	}

	if out := l.up(4); !strings.Contains(out, "up       5 hosts") || !strings.Contains(out, "(2 created, 0 changed, 0 deleted,") {
		t.Errorf("growing says\n%s", out)
	}
	if out := l.up(1); !strings.Contains(out, "up       2 hosts") || !strings.Contains(out, "(0 created, 0 changed, 3 deleted,") {
		t.Errorf("shrinking says\n%s", out)
	}
	if hosts := l.do("hosts"); strings.Count(hosts, "answers in") != 2 {
		t.Errorf("the hosts are\n%s", hosts)
	}
	l.down()
	l.down() // again: nothing to do
	l.fail(4, []string{"there is no cluster", "makes another of 1"}, "status")
}

func TestDownWorksWithoutWhatUpHasWritten(t *testing.T) {
	l := newLab(t)
	for _, lost := range []string{"state", "clusters/flashmob/record.json", "clusters"} {
		l.up(1)
		if err := os.RemoveAll(l.path(".flashmob", lost)); err != nil {
			t.Fatal(err)
		}
		l.down()
	}
}

func TestSecondOperatorIsToldWhoIsAtWork(t *testing.T) {
	l := newLab(t)
	first, said := l.start("up", "--cloud", "sandbox", "--type", "c5.xlarge", "--size", "1")
	l.await(said, "create Vpc")
	for _, second := range [][]string{{"up", "--size", "2", "--type", "c5.xlarge"}, {"down"}} {
		l.fail(4, []string{"held by up of ", "since ", "hint: wait for it to end"}, append(second, "--cloud", "sandbox")...)
	}
	if out, errs, _ := l.try("sweep", "--cloud", "sandbox", "--yes"); !strings.Contains(out, "nothing to sweep") {
		t.Errorf("a sweep meanwhile says\n%s%s", out, errs)
	}
	l.fail(4, []string{"held by up of ", "hint: wait for it to end"}, "run", "--lines", "10", "-o", "early")
	if err := first.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}

	_, end := l.begin("out")
	l.fail(4, []string{"held by run of ", "since ", "hint: Ctrl-C there", "--evict"}, "down")
	l.fail(4, []string{"goes on here: run of "}, "run", "--lines", "10", "-o", "second")
	if again := l.up(1); !strings.Contains(again, "(0 created, 0 changed, 0 deleted,") {
		t.Errorf("an up meanwhile says\n%s", again)
	}
	if exit := end(); exit != 0 {
		t.Errorf("the run ends with exit code %d", exit)
	}
	l.same("out", "--lines", "150000")

	lost, end := l.begin("lost")
	last, said := l.start("down", "--evict")
	l.await(said, "delete Instance")
	l.fail(4, []string{"held by down of ", "hint: wait for it to end"}, "run", "--lines", "10", "-o", "late")
	if err := last.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	if exit := end(); exit != exitInfrastructure || !strings.Contains(lost.String(), "the run's initializer is gone: its cluster ") {
		t.Errorf("the run under it ends with exit code %d\n%s", exit, lost)
	}
	l.down()
}

func TestAnotherHostKeyStopsEverything(t *testing.T) {
	l := newLab(t)
	l.up(2)
	path := l.path(".flashmob", "clusters", "flashmob", "inventory.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pins := regexp.MustCompile(`flashmob_host_key: .*`).FindAll(text, -1)
	if len(pins) != 3 {
		t.Fatalf("%d host keys in\n%s", len(pins), text)
	}
	for i, host := range []string{"metrics-1", "initializer-1", "workers-1"} {
		// It is taken for another of the cluster.
		if err := os.WriteFile(path, bytes.ReplaceAll(text, pins[i], pins[(i+1)%3]), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"run", "--lines", "50000000", "-o", "out", "--force"}, {"hosts"}} {
			_, said, exit := l.try(args...)
			if exit != exitInfrastructure || !strings.Contains(said, "flashmob: "+host+": connect: ") || strings.Count(said, "SHA256:") != 2 {
				t.Errorf("%v: exit code %d\n%s", args, exit, said)
			}
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	l.do("run", "--lines", "10", "-o", "after") // nothing goes on there
	l.down()
}

func TestOrphansAreFoundAndSwept(t *testing.T) {
	l := newLab(t)
	l.up(1)
	if known := l.do("orphans"); !strings.Contains(known, "2 instances, 2 volumes") || !strings.Contains(known, "up here: flashmob down") {
		t.Errorf("orphans says\n%s", known)
	}
	if out := l.do("sweep", "--yes"); !strings.Contains(out, "nothing to sweep") {
		t.Errorf("a sweep of what is in use says\n%s", out)
	}
	if err := os.RemoveAll(l.path(".flashmob", "clusters")); err != nil {
		t.Fatal(err)
	}
	if lost := l.do("orphans", "--cloud", "sandbox"); !strings.Contains(lost, "no record here") || !strings.Contains(lost, "$0.0") {
		t.Errorf("orphans says\n%s", lost)
	}
	if out := l.do("sweep", "--cloud", "sandbox", "--dry-run"); strings.Count(out, "would remove") < 10 {
		t.Errorf("the dry run says\n%s", out)
	}
	l.fail(2, []string{"not confirmed", "hint: --yes"}, "sweep", "--cloud", "sandbox")
	l.fail(2, []string{`cluster "x": the account lists nothing of it`}, "sweep", "--cloud", "sandbox", "--yes", "x")
	if l.left().Objects == 0 {
		t.Error("a sweep that was not confirmed has swept")
	}
	if out := l.do("sweep", "--cloud", "sandbox", "--yes"); !strings.Contains(out, "0 left of ") {
		t.Errorf("the sweep says\n%s", out)
	}
	l.nothing()
	if out := l.do("orphans", "--cloud", "sandbox"); !strings.HasPrefix(out, "nothing in us-west-2") {
		t.Errorf("after the sweep orphans says\n%s", out)
	}
}
