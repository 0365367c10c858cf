package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func shell(script string) Command { return Command{Args: []string{"sh", "-c", script}} }

func TestRunCountsChildren(t *testing.T) {
	sample, err := Run(t.Context(), shell("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; true"))
	if err != nil {
		t.Fatal(err)
	}
	if sample.Wall <= 0 || sample.CPU() <= 0 || sample.Peak < 100<<10 {
		t.Errorf("sample %+v", sample)
	}
	if sample.CPU() > sample.Wall+100*time.Millisecond {
		t.Errorf("one process after another took %v of CPU in %v", sample.CPU(), sample.Wall)
	}
}

func TestRunSumsTheMemoryOfATree(t *testing.T) {
	// Four programs that hold 20 MB each while nobody takes their output.
	script := `big() { head -c 20000000 /dev/zero | tail -c 20000000 | sleep 0.5; }
		big & big & big & big & wait`
	alone, err := Run(t.Context(), shell(script))
	if err != nil {
		t.Fatal(err)
	}
	tree := shell(script)
	tree.Tree = true
	together, err := Run(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	if together.Peak < 2*alone.Peak {
		t.Errorf("tree peaks at %d bytes, its greatest process at %d", together.Peak, alone.Peak)
	}
}

func TestRunReportsWhatAProgramSaid(t *testing.T) {
	_, err := Run(t.Context(), shell("echo no space left >&2; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v", err)
	}
	if _, err := Run(t.Context(), Command{Args: []string{"/absent"}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the program does not exist", err)
	}
}

func TestRunKillsTheWholeGroupWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	ready := filepath.Join(t.TempDir(), "ready")
	go func() {
		for {
			if _, err := os.Stat(ready); err == nil {
				cancel(cause)
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	start := time.Now()
	_, err := Run(ctx, shell("sleep 60 & touch "+ready+"; wait"))
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want the cause", err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("a child of the killed program was waited for: %v", took)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	kept := tail{limit: 5}
	for _, said := range []string{"abc", "defgh", ""} {
		if _, err := kept.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
	}
	if got := kept.quoted(); got != ": defgh" {
		t.Errorf("kept %q", got)
	}
}

func TestCommandReadsAsAShellLine(t *testing.T) {
	command := Command{Args: []string{"sh", "-c", "gofilter | gzip -1 > it's", "", "plain-1.csv"}}
	want := `sh -c 'gofilter | gzip -1 > it'\''s' '' plain-1.csv`
	if got := command.String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWarm(t *testing.T) {
	if err := Warm("run_test.go"); err != nil {
		t.Error(err)
	}
	if err := Warm("absent"); err == nil {
		t.Error("an absent file was read")
	}
}
