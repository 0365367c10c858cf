package exec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flashmob/flow"
)

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(programVariable)]; program != nil {
		program(bufio.NewReader(os.Stdin))
		return
	}
	goleak.VerifyTestMain(m)
}

// open opens the operator of settings.
func open(t *testing.T, s Settings, env ...string) flow.Operator {
	t.Helper()
	f, err := Flow(s)
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.OpenOperator(flow.Surroundings{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// bundle returns lines as a bundle.
func bundle(header string, lines ...string) flow.Bundle {
	b := flow.Bundle{Records: []byte(strings.Join(lines, "\n") + "\n"), Count: int64(len(lines))}
	if header != "" {
		b.Header = []byte(header + "\n")
	}
	return b
}

// numbered returns n lines.
func numbered(from, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("%d,row", from+i)
	}
	return lines
}

func csvIn(mode, command string) Settings {
	return Settings{Command: command, Mode: mode, Format: "csv", Header: true}
}

// A program that gives nothing before it has more is given more, and who reads batches is told to.
func TestAProgramThatKeepsAnswersBackAsksForMore(t *testing.T) {
	f, err := Flow(Settings{Command: "awk '{a[NR]=$0} END {for (i=1; i<=NR; i++) print a[i]}'", Mode: Lines})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Bool
	o, err := f.OpenOperator(flow.Surroundings{Hungry: func() { asked.Store(true) }})
	if err != nil {
		t.Fatal(err)
	}
	y, err := o.Process(t.Context(), bundle("", numbered(0, 100)...))
	if err = errors.Join(err, o.Close()); err != nil || y.Count != 100 || !asked.Load() {
		t.Errorf("%d records, asked for more: %t; %v", y.Count, asked.Load(), err)
	}
}

func TestABatchGoesThroughAProcessOfItsOwn(t *testing.T) {
	o := open(t, csvIn(Batch, `awk 'NR==1 {print $0 ",pid"; next} {print $0 "," n++}'`))
	for range 3 { // n begins anew every time
		y, err := o.Process(t.Context(), flow.Bundle{Header: []byte("id,x\n"), Records: []byte("1,a\n2,b\n"), Count: 2, More: true})
		if err != nil || string(y.Header) != "id,x,pid\n" || string(y.Records) != "1,a,0\n2,b,1\n" || y.Count != 2 || y.Took <= 0 {
			t.Fatalf("%q, %q, %+v, %v", y.Header, y.Records, y, err)
		}
	}
}

func TestALongLivedProgramAnswersInOrderWhoeverAsks(t *testing.T) {
	if _, err := osexec.LookPath("python3"); err != nil {
		t.Skip("no python3 here")
	}
	script := filepath.Join(t.TempDir(), "upper.py")
	text := "import sys\nsys.path.insert(0, " + fmt.Sprintf("%q", abs(t, "../../examples/frames")) + ")\nimport flashmob\nflashmob.serve(lambda b: b.upper())\n"
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for mode, command := range map[string]string{Lines: "tr a-z A-Z", Frames: "python3 " + script} {
		t.Run(mode, func(t *testing.T) {
			o := open(t, csvIn(mode, command))
			var group sync.WaitGroup
			for lane := range 4 {
				group.Go(func() {
					for i := range 20 {
						lines := numbered(lane*1000+i*10, 10)
						y, err := o.Process(t.Context(), bundle("id,name", lines...))
						if want := strings.ToUpper(strings.Join(lines, "\n")) + "\n"; err != nil || string(y.Records) != want || y.Count != 10 || strings.TrimSpace(string(y.Header)) != "ID,NAME" {
							t.Errorf("%q under %q, %v", y.Records, y.Header, err)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

func abs(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// cat keeps nothing back, sed and awk keep everything until their input ends.
func TestAProgramThatKeepsAnswersBackIsReplaced(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	for command, atMost := range map[string]int{"cat": 1, "tac | tac": 3, "awk '{print}'": 3} {
		if err := os.WriteFile(pids, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		o := open(t, csvIn(Lines, "echo $$ >> "+pids+"; "+command))
		for i := range 3 {
			lines := numbered(i, 3)
			y, err := o.Process(t.Context(), bundle("id,name", lines...))
			if err != nil || string(y.Records) != strings.Join(lines, "\n")+"\n" || string(y.Header) != "id,name\n" {
				t.Fatalf("%s: %q under %q, %v", command, y.Records, y.Header, err)
			}
		}
		text, err := os.ReadFile(pids)
		if n := bytes.Count(text, []byte("\n")); err != nil || n > atMost || n < 1 {
			t.Errorf("%s: %d processes, %v", command, n, err)
		}
	}
}

func TestQuotedLineEndsAreCountedAsTheirRecords(t *testing.T) {
	for _, mode := range []string{Batch, Lines} {
		o := open(t, csvIn(mode, "cat"))
		for range 2 {
			y, err := o.Process(t.Context(), bundle("id,text", `1,"two`+"\n"+`lines"`, `2,"a ""b"""`, "3,c"))
			if err == nil && mode == Lines {
				err = check(y, 3)
			}
			if err != nil || !strings.HasSuffix(string(y.Records), "lines\"\n2,\"a \"\"b\"\"\"\n3,c\n") {
				t.Errorf("%s: %q, %v", mode, y.Records, err)
			}
		}
	}
}

func check(y flow.Yield, n int64) error {
	if y.Count != n {
		return fmt.Errorf("%d records, want %d", y.Count, n)
	}
	return nil
}

func TestWhatIsWrongWithAProgramIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		mode, command, want string
		fatal, slow         bool
	}{
		"status":             {Batch, "cat >/dev/null; echo sorry >&2; exit 3", "exit status 3: sorry", false, false},
		"signal":             {Batch, "kill -9 $$", "signal: killed", false, false},
		"never reads":        {Batch, "exit 0", "before it had read all", true, false},
		"hangs":              {Batch, "sleep 600", "no end within 300ms", false, true},
		"hangs deaf":         {Batch, "trap '' TERM INT HUP; while :; do sleep 600; done", "no end within 300ms", false, true},
		"too much":           {Batch, "cat >/dev/null; yes", "it gave more than 128 MiB", false, false},
		"lines: status":      {Lines, "exit 3", "exit status 3", false, false},
		"lines: early":       {Lines, "head -1", "it ended, with exit status 0, before its input did", false, false},
		"lines: too few":     {Lines, "sed 3d", "it gave 2 records for 3: the mode lines", false, false},
		"lines: too many":    {Lines, "sed -u p", "it gave more records than it was given", false, false},
		"lines: hangs":       {Lines, "sleep 600", "no answer within 300ms", false, true},
		"lines: hangs later": {Lines, "head -2; sleep 600", "no answer within 300ms", false, true},
		"frames: none":       {Frames, "cat", "it does not speak in frames: a frame 'B'", false, false},
		"frames: text":       {Frames, "echo hello there", "it does not speak in frames", false, false},
		"frames: ends":       {Frames, "true", "it ended, with exit status 0, before its input did", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := csvIn(c.mode, c.command)
			if s.Timeout = time.Minute; c.slow {
				s.Timeout = 300 * time.Millisecond
			}
			_, err := open(t, s).Process(t.Context(), bundle("id,name", numbered(0, 3)...))
			var f *flow.Failure
			if !errors.As(err, &f) || !strings.Contains(f.Reason, c.want) || f.Fatal != c.fatal || f.TimedOut != c.slow {
				t.Errorf("%v (%+v), want %q", err, f, c.want)
			}
		})
	}
}

// Once a program has answered a batch, a count that is wrong may be that batch's fault as well: nothing can be trusted.
func TestACountThatIsWrongLaterIsFatal(t *testing.T) {
	o := open(t, Settings{Command: "sed -u 5d", Mode: Lines})
	if _, err := o.Process(t.Context(), bundle("", "1", "2", "3")); err != nil {
		t.Fatal(err)
	}
	_, err := o.Process(t.Context(), bundle("", "4", "5", "6"))
	var f *flow.Failure
	if !errors.As(err, &f) || !f.Fatal {
		t.Errorf("%v", err)
	}
}

// A frame that says that a batch failed is the batch's alone: the process goes on.
func TestAnErrorFrameDoesNotEndTheProcess(t *testing.T) {
	if _, err := osexec.LookPath("python3"); err != nil {
		t.Skip("no python3 here")
	}
	script := filepath.Join(t.TempDir(), "some.py")
	text := "import os, sys\nsys.path.insert(0, " + fmt.Sprintf("%q", abs(t, "../../examples/frames")) + ")\nimport flashmob\n" +
		"def some(b):\n    if b'bad' in b: raise ValueError('this one')\n    print('noise')\n    return b'%d\\n' % os.getpid()\nflashmob.serve(some)\n"
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := open(t, Settings{Command: "python3 " + script, Mode: Frames})
	first, err := o.Process(t.Context(), bundle("", "1"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Process(t.Context(), bundle("", "bad"))
	var f *flow.Failure
	if !errors.As(err, &f) || !strings.Contains(f.Reason, "ValueError: this one") {
		t.Errorf("%v", err)
	}
	if second, err := o.Process(t.Context(), bundle("", "2")); err != nil || !bytes.Equal(first.Records, second.Records) {
		t.Errorf("%q and then %q, %v", first.Records, second.Records, err)
	}
}

// A batch that another one brings down with it is done again.
func TestABatchSurvivesItsNeighbour(t *testing.T) {
	o := open(t, Settings{Command: `while IFS= read -r l; do case $l in bad) exit 7;; esac; sleep 0.02; echo "$l"; done`, Mode: Lines})
	var group sync.WaitGroup
	var failed [2]error
	group.Go(func() { _, failed[0] = o.Process(t.Context(), bundle("", "a", "bad", "b")) })
	group.Go(func() {
		y, err := o.Process(t.Context(), bundle("", "1", "2", "3", "4", "5", "6"))
		if failed[1] = err; err == nil && string(y.Records) != "1\n2\n3\n4\n5\n6\n" {
			t.Errorf("%q", y.Records)
		}
	})
	group.Wait()
	var f *flow.Failure
	if !errors.As(failed[0], &f) || !strings.Contains(f.Reason, "exit status 7") || failed[1] != nil {
		t.Errorf("%v", failed)
	}
}

func TestTheWholeGroupEndsWithTheBatch(t *testing.T) {
	for name, c := range map[string]struct {
		s      Settings
		cancel bool
	}{
		"it ends":       {Settings{Command: "cat; sleep 600 & echo $! >%s"}, false},
		"a time-out":    {Settings{Command: "sleep 600 & echo $! >%s; wait", Timeout: 500 * time.Millisecond}, false},
		"a stopped run": {Settings{Command: "sleep 600 & echo $! >%s; wait"}, true},
		"lines":         {Settings{Command: "sleep 600 & echo $! >%s; wait", Mode: Lines, Timeout: 500 * time.Millisecond}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pid := filepath.Join(t.TempDir(), "pid")
			c.s.Command = fmt.Sprintf(c.s.Command, pid)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				go func() {
					for text, _ := os.ReadFile(pid); len(text) == 0 && ctx.Err() == nil; text, _ = os.ReadFile(pid) {
						time.Sleep(time.Millisecond)
					}
					cancel()
				}()
			}
			_, err := open(t, c.s).Process(ctx, bundle("", "1"))
			if c.cancel && !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			text, err := os.ReadFile(pid)
			var child int
			if _, scanned := fmt.Sscan(string(text), &child); err != nil || scanned != nil {
				t.Fatal(err, scanned)
			}
			for deadline := time.Now().Add(20 * time.Second); syscall.Kill(child, 0) == nil && !zombie(child); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("process %d lives on", child)
				}
			}
		})
	}
}

// zombie reports whether a process has ended, and only its parent has not taken note.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(text, []byte(") Z"))
}

func TestStandardErrorIsDrainedAndItsEndKept(t *testing.T) {
	o := open(t, Settings{Command: "cat; head -c 50000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo the end >&2; exit 1", Timeout: time.Minute})
	_, err := o.Process(t.Context(), bundle("", "1"))
	var f *flow.Failure
	if !errors.As(err, &f) || !strings.HasSuffix(f.Reason, "the end") || len(f.Reason) > 2000 {
		t.Errorf("%.100v", err)
	}
}

func TestVariablesReachTheProgramAndNothingElse(t *testing.T) {
	o := open(t, Settings{Command: `cat >/dev/null; printenv SECRET; tr '\0' ' ' </proc/$$/cmdline`, Env: []string{"SECRET"}}, "SECRET=open sesame")
	y, err := o.Process(t.Context(), bundle("", "1"))
	if err != nil || !strings.HasPrefix(string(y.Records), "open sesame\n") || strings.Count(string(y.Records), "sesame") != 1 {
		t.Errorf("%q, %v", y.Records, err)
	}
}

func TestSettingsThatCannotBeMeant(t *testing.T) {
	for want, s := range map[string]Settings{
		"must be a command": {Command: " "}, "zero byte": {Command: "a\x00b"}, "exec-mode \"x\"": {Command: "cat", Mode: "x"},
		"must not be negative": {Command: "cat", Timeout: -1}, "format \"x\"": {Command: "cat", Format: "x"},
	} {
		if _, err := Flow(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestOnlyWhatAShellMustReadGoesThroughOne(t *testing.T) {
	for command, want := range map[string]int{"cat -n": 2, "cat | cat": 3, "A=b cat": 3, "echo $HOME": 3, "no-such-program x": 3, "sort -t, -k2": 3} {
		if got := words(command); len(got) != want {
			t.Errorf("%q: %q", command, got)
		}
	}
}

// What leaves its process group, and lets go of every pipe, ends with the operator at the latest.
func TestNobodyEscapes(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("no /proc here")
	}
	pid := filepath.Join(t.TempDir(), "pid")
	f, err := Flow(Settings{Command: "cat; setsid sh -c 'echo $$ >" + pid + "; exec sleep 600' >/dev/null 2>&1 </dev/null & while [ ! -s " + pid + " ]; do sleep 0.01; done"})
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.OpenOperator(flow.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Process(t.Context(), bundle("", "1")); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(pid)
	var child int
	if _, scanned := fmt.Sscan(string(text), &child); err != nil || scanned != nil {
		t.Fatal(err, scanned)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(20 * time.Second); syscall.Kill(child, 0) == nil && !zombie(child); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", child)
		}
	}
}

// A bundle may be given less time than the program.
func TestABundleMayBeGivenLessTime(t *testing.T) {
	for _, mode := range []string{Batch, Lines} {
		in := bundle("", "1")
		in.Within = 200 * time.Millisecond
		_, err := open(t, Settings{Command: "sleep 600", Mode: mode, Timeout: time.Hour}).Process(t.Context(), in)
		var f *flow.Failure
		if !errors.As(err, &f) || !f.TimedOut || !strings.HasSuffix(f.Reason, "within 200ms") {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
