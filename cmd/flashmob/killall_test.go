package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killsOfAll is how often these tests kill all workers of a run.
const killsOfAll = 3

// workersOf waits until a run has its two worker processes and returns them; none if it has ended before.
func workersOf(t *testing.T, run *exec.Cmd, ended <-chan error, said *output) []int {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if pids := children(run.Process.Pid); len(pids) >= 2 {
			return pids
		}
		if len(ended) > 0 {
			return nil
		}
		if time.Now().After(deadline) {
			t.Fatalf("it has no two workers\n%s", said)
		}
	}
}

// gathered asks a run at its external address how many parts it has gathered; false while it does not answer.
func gathered(address string) (parts int, answers bool) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0, false
	}
	defer c.Close()
	if _, err := c.Write([]byte{0, 0, 0, 2, 0, 9}); err != nil {
		return 0, false
	}
	reply, err := io.ReadAll(c)
	var status struct{ Workers []struct{ Parts int } }
	if err != nil || len(reply) < 6 || json.Unmarshal(reply[6:], &status) != nil {
		return 0, false
	}
	for _, w := range status.Workers {
		parts += w.Parts
	}
	return parts, true
}

// All workers of a run are killed, several times: they are started again, and the results are what they are without that.
func TestRunSurvivesTheDeathOfAllItsWorkers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("children are found in /proc")
	}
	l := &lab{t: t, dir: t.TempDir()}
	for app, args := range l.crashInputs() {
		t.Run(app, func(t *testing.T) {
			l := &lab{t: t, dir: l.dir}
			for i, arg := range args {
				if arg == "words" || arg == "visits" || arg == "frames" {
					args[i] = l.path(arg)
				}
			}
			want, got, external := l.path(app, "want"), l.path(app, "got"), freeAddresses(t, 3)[0]
			begin(t, append([]string{"run", "--local", "-q", "--compress", "none", "-o", want}, args...)...).wait(t, exitDone)
			run, said := exec.Command("flashmob", append([]string{"run", "--local", "--processes", "2", "--external", external, "--compress", "none", "-o", got}, args...)...), new(output)
			run.Stdout, run.Stderr = said, said
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			defer run.Process.Kill() // in vain where it has ended
			ended := make(chan error, 1)
			go func() { ended <- run.Wait() }()
			kills := 0
			for kills < killsOfAll {
				before, _ := gathered(external)
				pids := workersOf(t, run, ended, said)
				if pids == nil {
					break
				}
				for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // until they have done something
					now, answers := gathered(external)
					if answers && now > before || len(ended) > 0 {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("nothing is done any more\n%s", said)
					}
				}
				for _, pid := range pids {
					_ = syscall.Kill(pid, syscall.SIGKILL) // in vain where it has ended
				}
				kills++
			}
			if err := <-ended; err != nil || kills < killsOfAll {
				t.Fatalf("%v after %d kills\n%s", err, kills, said)
			}
			if strings.Count(said.String(), "warning: worker crashed") < kills || !strings.Contains(said.String(), "no other is at work: the run waits") {
				t.Errorf("it does not say what happened:\n%s", said)
			}
			if got, want := l.results(filepath.Join(app, "got")), l.results(filepath.Join(app, "want")); !bytes.Equal(got, want) {
				t.Errorf("%d bytes, want %d: first difference at %d\n%s", len(got), len(want), differ(got, want), said)
			}
		})
	}
}

// The same while votes come in and totals go out, over TCP: no letter's sequence breaks.
func TestLiveVotesSurviveTheDeathOfAllWorkers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("children are found in /proc")
	}
	dir := t.TempDir()
	folder, free := filepath.Join(dir, "output"), freeAddresses(t, 5) // the run's and its two workers' come one after the other
	in, out := free[3], free[4]
	sink, err := net.Listen("tcp", out)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	came := make(chan []byte, 1)
	go func() {
		var lines []byte
		if c, err := sink.Accept(); err == nil {
			lines, _ = io.ReadAll(c) // what is missing is seen
			c.Close()
		}
		came <- lines
	}()
	run, said := exec.Command("flashmob", "run", "--local", "--app", "votes", "--processes", "2", "--input", "tcp://"+in, "--sink", "tcp://"+out,
		"--external", free[0], "--compress", "none", "-o", folder), new(output)
	run.Stdout, run.Stderr = said, said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer run.Process.Kill() // in vain where it has ended
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	c := reach(t, in)
	defer c.Close()
	enough, sent := voteUntil(t, c)
	partial := filepath.Join(folder, "results.txt.partial")
	for range killsOfAll {
		var size int64
		if info, err := os.Stat(partial); err == nil {
			size = info.Size()
		}
		hasGrown(t, partial, size+2000)
		pids := workersOf(t, run, ended, said)
		if pids == nil {
			t.Fatalf("it has ended:\n%s", said)
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // in vain where it has ended
		}
	}
	close(enough)
	rounds := <-sent + 1
	c.Close()
	begin(t, "shutdown", free[0]).wait(t, exitDone)
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var want bytes.Buffer
	for n := range rounds {
		for i := range uint32(2) {
			for letter := 'a'; letter <= 'z'; letter++ {
				fmt.Fprintf(&want, "%c => %d\n", letter, uint32(3*n)+1+2*i)
			}
		}
	}
	got, err := os.ReadFile(filepath.Join(folder, "results.txt"))
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes of results of %d rounds, want %d: first difference at %d; %v\n%s", len(got), rounds, want.Len(), differ(got, want.Bytes()), err, said)
	}
	if lines := <-came; !bytes.Equal(lines, got) {
		t.Errorf("the sink got %d bytes, the folder has %d: first difference at %d", len(lines), len(got), differ(lines, got))
	}
}
