package orchestrator

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"flashmob/apps"
	"flashmob/classifier"
	"flashmob/input"
	"flashmob/manifest"
)

// lose kills the initializer of a run once parts have come home, and waits for the run's end.
func lose(t *testing.T, initializer *testHost, config ClusterConfig, wait func() error) {
	t.Helper()
	home(t, config)
	for _, pid := range initializer.pids() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if err := wait(); !errors.Is(err, ErrInitializerGone) {
		t.Fatalf("got %v, want ErrInitializerGone", err)
	}
}

// home waits until a part with records has come home.
func home(t *testing.T, config ClusterConfig) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		journal, err := os.ReadFile(filepath.Join(config.Output, manifest.JournalFile))
		if err == nil && bytes.Contains(journal, []byte(`"kind":"records"`)) {
			return
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatal("nothing came home in 30 s")
		}
	}
}

// afterwards returns the configuration that goes on with a run on n other hosts.
func afterwards(t *testing.T, n int, before ClusterConfig) ClusterConfig {
	t.Helper()
	_, config, _ := hosts(t, n, 0)
	config.Output, config.Identity, config.Resume, config.Flow = before.Output, before.Identity, true, apps.New
	return config
}

func TestARunGoesOnOnAnotherClusterWithTheSameResults(t *testing.T) {
	all, config, _ := hosts(t, 2, 20000)
	_, wait, _ := begin(t, config)
	lose(t, all[0], config, wait)

	resumed := afterwards(t, 2, config)
	c, wait, _ := begin(t, resumed)
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	check(t, resumed, 20000)
	m, err := manifest.Load(config.Output)
	if err != nil {
		t.Fatal(err)
	}
	if m.Sittings != 2 {
		t.Errorf("%d sittings, want 2", m.Sittings)
	}
	if len(c.done) == 0 || len(c.done) >= len(m.Parts) {
		t.Errorf("%d of %d parts were there before, want some and not all", len(c.done), len(m.Parts))
	}
	var elsewhere int64
	for _, part := range c.done {
		elsewhere += part.In
	}
	var did int64
	if s, ok := c.Status(); ok {
		for _, w := range s.Workers {
			did += w.Records
		}
	}
	if did == 0 || did+elsewhere > 20000 {
		t.Errorf("the new hosts did %d records, %d were done before, there are 20000", did, elsewhere)
	}
}

func TestAFileWithRejectsGoesOnOnAnotherCluster(t *testing.T) {
	f, err := apps.New(classifier.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := f.Generator.Append(append([]byte(classifier.Header), '\n'), 1, 0, 10000)
	text = append(text, "ragged\n"...)
	text = f.Generator.Append(text, 1, 10000, 10000)
	text = append(text, "ragged too\n"...)
	// The first is among what comes home at once.
	text = append(text[:len(classifier.Header)+1], append([]byte("first ragged\n"), text[len(classifier.Header)+1:]...)...)
	path := filepath.Join(t.TempDir(), "input.csv")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	_, undisturbed, _ := hosts(t, 1, 0)
	undisturbed.Identity.Inputs = []input.Input{in}
	_, wait, _ := begin(t, undisturbed)
	if err := wait(); err != nil {
		t.Fatal(err)
	}

	all, config, _ := hosts(t, 2, 0)
	config.Identity.Inputs = []input.Input{in}
	_, wait, _ = begin(t, config)
	lose(t, all[0], config, wait)
	resumed := afterwards(t, 2, config)
	_, wait, _ = begin(t, resumed)
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := manifest.Verify(t.Context(), resumed.Output, []string{path}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"results.csv", manifest.RejectsFile} {
		got, err := os.ReadFile(filepath.Join(resumed.Output, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(undisturbed.Output, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes differ from the %d of an undisturbed run", name, len(got), len(want))
		}
	}
}

func TestHostsThatAreBusyAreRefusedAndTheirRunIsLeftAlone(t *testing.T) {
	_, config, _ := hosts(t, 2, 20000)
	_, wait, _ := begin(t, config)
	home(t, config)

	other := config
	other.Output, other.Port = filepath.Join(t.TempDir(), "other"), freePort(t)
	_, refused, _ := begin(t, other)
	var busy *BusyError
	if err := refused(); !errors.As(err, &busy) {
		t.Errorf("another run: got %v, want a BusyError", err)
	}
	// As one whose operator's machine was restored from yesterday's copy: the run itself goes on.
	other.Output, other.Resume = filepath.Join(t.TempDir(), "copy"), true
	if err := os.CopyFS(other.Output, os.DirFS(config.Output)); err != nil {
		t.Fatal(err)
	}
	_, refused, _ = begin(t, other)
	busy = nil
	if err := refused(); !errors.As(err, &busy) {
		t.Errorf("resuming it: got %v, want a BusyError", err)
	}
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	check(t, config, 20000)
}

func TestEvictEndsTheRunThatGoesOn(t *testing.T) {
	_, config, _ := hosts(t, 2, 60_000)
	_, first, _ := begin(t, config)
	home(t, config)
	other := config
	other.Output, other.Evict = filepath.Join(t.TempDir(), "other"), true
	other.Identity.Inputs = []input.Input{input.Generated(classifier.Name, 2000, 1)}
	_, second, _ := begin(t, other)
	if err := second(); err != nil {
		t.Fatal(err)
	}
	check(t, other, 2000)
	if err := first(); !errors.Is(err, ErrInitializerGone) {
		t.Errorf("the first run: got %v, want ErrInitializerGone", err)
	}
}
