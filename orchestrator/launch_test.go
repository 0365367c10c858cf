package orchestrator

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"flashmob/apps"
	"flashmob/classifier"
	"flashmob/input"
	"flashmob/inventory"
	"flashmob/manifest"
)

// write makes a file of a test.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreInTheWorkingFolderOfEveryHost(t *testing.T) {
	all, config, said := hosts(t, 3, 30000)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "model.txt"), strings.Repeat("a model\n", 1<<17), 0o644)
	write(t, filepath.Join(dir, "tools", "deep", "er it's.sh"), "#!/bin/sh\necho ran > proof\n", 0o755)
	config.Files = []string{filepath.Join(dir, "model.txt"), filepath.Join(dir, "tools")}
	config.Setup = []string{
		`"tools/deep/er it's.sh"`, "test ! -x model.txt", // setup runs where the files are
		`cp proof model.txt "$HOME"`,
	}
	binary, err := workerBinary()
	if err != nil {
		t.Fatal(err)
	}
	c, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 30000)
	want, err := os.ReadFile(filepath.Join(dir, "model.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range all {
		got, err := os.ReadFile(filepath.Join(h.home, "model.txt"))
		if err != nil || string(got) != string(want) {
			t.Errorf("host %d has %d bytes of the file, want %d: %v", i, len(got), len(want), err)
		}
		if proof, err := os.ReadFile(filepath.Join(h.home, "proof")); err != nil || string(proof) != "ran\n" {
			t.Errorf("host %d has not run the uploaded program: %v", i, err)
		}
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if sent := c.uploaded.Load(); sent > info.Size() {
		t.Errorf("%d bytes went over the operator's link: more than one worker, of %d bytes", sent, info.Size())
	}

	config.Output = filepath.Join(t.TempDir(), "again")
	again, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if sent := again.uploaded.Load(); sent != 0 {
		t.Errorf("%d bytes were sent again to hosts that had them", sent)
	}
}

func TestFilesThatCannotBeUploadedAreRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a", "x"), "1", 0o644)
	write(t, filepath.Join(dir, "b", "x"), "2", 0o644)
	for _, c := range []struct {
		files []string
		want  error
	}{
		{[]string{filepath.Join(dir, "a", "x"), filepath.Join(dir, "b", "x")}, ErrSameName},
		{[]string{filepath.Join(dir, "c")}, os.ErrNotExist},
		{[]string{os.DevNull}, ErrNotAFile},
	} {
		if _, err := bundleFiles(c.files, t.TempDir()); !errors.Is(err, c.want) {
			t.Errorf("%v: got %v, want %v", c.files, err, c.want)
		}
	}
}

func TestWorkersAreStartedInTheWorkingFolder(t *testing.T) {
	all, config, said := hosts(t, 2, 20000)
	c, wait, _ := begin(t, config)
	under(t, c)
	for i, h := range all {
		for _, pid := range h.pids() {
			dir, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(h.home, c.workFolder()); dir != want {
				t.Errorf("the worker of host %d is in %s, want %s", i, dir, want)
			}
		}
	}
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

func TestADetachedRunGoesOnAndIsFetchedLater(t *testing.T) {
	f, err := apps.New(classifier.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 60000
	path := filepath.Join(t.TempDir(), "input.csv")
	write(t, path, string(f.Generator.Append(append([]byte(classifier.Header), '\n'), 1, 0, rows)), 0o644)
	file, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]input.Input{"generated": input.Generated(classifier.Name, rows, 1), "a file": file} {
		t.Run(name, func(t *testing.T) {
			_, config, said := hosts(t, 1, 0)
			config.Identity.Inputs, config.Detach = []input.Input{in}, true
			c, wait, _ := begin(t, config)
			if err := wait(); !errors.Is(err, ErrDetached) {
				t.Fatalf("got %v, want ErrDetached\n%s", err, said)
			}
			if s, ok := c.Status(); !ok || s.Tally.In >= rows {
				t.Errorf("it left only when %d rows were done", s.Tally.In)
			}
			if state, _ := manifest.Look(config.Output); state != manifest.Begun {
				t.Fatalf("the folder is in state %d, want begun", state)
			}
			if strings.Contains(said.String(), "detaching once it is in the cluster") != (in == file) {
				t.Errorf("it says %s", said)
			}
			config.Detach, config.Attach = false, true
			if in == file { // nothing of it is wanted any more
				if err := os.Rename(path, path+".away"); err != nil {
					t.Fatal(err)
				}
			}
			_, wait, _ = begin(t, config)
			if err := wait(); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			check(t, config, rows)
		})
	}
}

func TestARunWithTooFewHostsEnds(t *testing.T) {
	all, config, said := hosts(t, 3, 50000000)
	all[1].listener.Close()
	config.MinHosts, config.ConnectWait = 3, 2500*time.Millisecond
	_, wait, _ := begin(t, config)
	err := wait()
	var host *HostError
	if !errors.Is(err, ErrTooFewHosts) || !errors.As(err, &host) || host.Host != "worker-2" {
		t.Fatalf("got %v, want ErrTooFewHosts, of worker-2", err)
	}
	if !strings.Contains(said.String(), "worker-2: ssh refused for 2s, usually ") || !strings.Contains(said.String(), "given up at 2.5s; then upload") {
		t.Errorf("it does not say what it waits for:\n%s", said)
	}
	for _, h := range all {
		if pids := h.pids(); len(pids) > 0 {
			t.Errorf("processes %v are left", pids)
		}
	}
	config.MinHosts = 4
	if _, err := NewCluster(config); !errors.Is(err, ErrTooFewHosts) {
		t.Errorf("4 of 3 hosts: got %v, want ErrTooFewHosts", err)
	}
}

func TestAHostThatForwardsNoSocketsIsNamedAtOnce(t *testing.T) {
	all, config, _ := hosts(t, 1, 10)
	all[0].walled.Store(true)
	_, wait, _ := begin(t, config)
	if err := wait(); !errors.Is(err, ErrNoForwarding) {
		t.Fatalf("got %v, want ErrNoForwarding", err)
	}
}

func TestAFailedRunBringsItsLogsHome(t *testing.T) {
	_, config, _ := hosts(t, 1, 10)
	config.Identity.Version = "another"
	_, wait, _ := begin(t, config)
	err := wait()
	folder := filepath.Join(config.Output, manifest.LogsFolder)
	if err == nil || !strings.Contains(err.Error(), folder) {
		t.Fatalf("got %v, want an error that names %s", err, folder)
	}
	text, err := os.ReadFile(filepath.Join(folder, "initializer-1.log"))
	if err != nil || !strings.Contains(string(text), "versions differ") {
		t.Errorf("the log at home is %q, %v", text, err)
	}
}

func TestTheMetricsHostIsAttendedForAsLongAsTheRun(t *testing.T) {
	all, config, said := hosts(t, 2, 20000)
	metrics := &config.Inventory.Hosts[1]
	metrics.Role, metrics.Name = inventory.MetricsHost, "metrics-1"
	c, wait, _ := begin(t, config)
	under(t, c)
	for begun := time.Now(); len(all[1].pids()) == 0; time.Sleep(10 * time.Millisecond) { // no event tells
		if time.Since(begun) > 20*time.Second {
			t.Fatal("nothing was started on the metrics host")
		}
	}
	if s, _ := c.Status(); len(s.Workers) != 1 {
		t.Errorf("%d workers: the metrics host does not process", len(s.Workers))
	}
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 20000)
	if pids := all[1].pids(); len(pids) > 0 {
		t.Errorf("processes %v are left", pids)
	}
}

// The initializer is told what the run asks of the log; it tells the workers.
func TestInitializerIsToldHowLongToWait(t *testing.T) {
	inv := inventory.Local(2)
	c := &Cluster{ClusterConfig: ClusterConfig{Inventory: inv, Sync: true, AckWait: 3 * time.Second, SnapshotEvery: time.Minute}, folder: new(manifest.Folder)}
	for _, host := range inv.Hosts {
		a := c.invitation(&remote{conn: &conn{host: host}}).Appointment
		if host.Role != inventory.Initializer {
			if a != nil {
				t.Errorf("%s is appointed, too", host.Name)
			}
			continue
		}
		if !a.Sync || a.AckWait != 3*time.Second || a.SnapshotEvery != time.Minute {
			t.Errorf("%+v", a)
		}
	}
}
