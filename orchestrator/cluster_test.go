package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"flashmob/apps"
	"flashmob/classifier"
	"flashmob/input"
	"flashmob/internal/buildinfo"
	"flashmob/inventory"
	"flashmob/manifest"
)

// workerBinary builds the worker's program, once.
var workerBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flashmob-worker")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	if said, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "flashmob/cmd/worker").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := workerBinary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// hosts returns n hosts, the first of them the initializer, and the cluster that runs rows on them.
func hosts(t *testing.T, n int, rows int64) (all []*testHost, config ClusterConfig, said *bytes.Buffer) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("hosts are Linux machines")
	}
	binary, err := workerBinary()
	if err != nil {
		t.Fatal(err)
	}
	keyFile, operator := newKey(t)
	inv := inventory.Inventory{KeyFile: keyFile}
	for i := range n {
		h := newHost(t, operator.PublicKey())
		all = append(all, h)
		role := inventory.Worker
		if i == 0 {
			role = inventory.Initializer
		}
		inv.Hosts = append(inv.Hosts, h.host(role, fmt.Sprint(role, "-", i+1)))
	}
	said = new(bytes.Buffer)
	return all, ClusterConfig{
		Inventory: inv, Output: filepath.Join(t.TempDir(), "out"), Port: freePort(t), ConnectWait: 20 * time.Second,
		WorkerProgram: func(string) (string, error) { return binary, nil },
		Log:           slog.New(slog.NewTextHandler(said, nil)),
		Identity: manifest.Run{
			Version: buildinfo.Version(), App: classifier.Name, Settings: json.RawMessage(`{"calibrate":200000}`), MaxRecord: 1 << 20,
			Compress: "none", Results: "results.csv", Inputs: []input.Input{input.Generated(classifier.Name, rows, 1)},
		},
	}, said
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// want returns the results of the identity's run, computed in place.
func want(t *testing.T, rows int64) string {
	t.Helper()
	f, err := apps.New(classifier.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := append([]byte(classifier.Header), '\n')
	var out bytes.Buffer
	if _, _, err := f.Apply(bytes.NewReader(f.Generator.Append(text, 1, 0, rows)), &out, 0); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// check makes sure that the results are whole and right.
func check(t *testing.T, config ClusterConfig, rows int64) {
	t.Helper()
	if _, err := manifest.Verify(t.Context(), config.Output, nil); err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(filepath.Join(config.Output, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want(t, rows) {
		t.Errorf("%d bytes of results differ from the %d that are right", len(got), len(want(t, rows)))
	}
}

// begin starts a run and returns it, how to wait for it, and how to stop it.
func begin(t *testing.T, config ClusterConfig) (c *Cluster, wait func() error, stop context.CancelFunc) {
	t.Helper()
	c, err := NewCluster(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Run(ctx)
		ended <- err
	}()
	t.Cleanup(stop)
	return c, func() error { return <-ended }, stop
}

// under waits until some of the run is done.
func under(t *testing.T, c *Cluster) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if s, ok := c.Status(); ok && s.Tally.In > 0 {
			return
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatal("nothing was done in 30 s")
		}
	}
}

func TestARunOnThreeHostsIsRightAndLeavesNothing(t *testing.T) {
	all, config, said := hosts(t, 3, 5000)
	all[1].refuse.Store(3) // its sshd listens before it knows the operator's key
	c, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 5000)
	for _, h := range all {
		if pids := h.pids(); len(pids) > 0 {
			t.Errorf("processes %v are left", pids)
		}
	}
	binary, err := workerBinary()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if sent := c.uploaded.Load(); sent == 0 || sent > info.Size() {
		t.Errorf("%d bytes of workers went over the operator's link, the binary has %d", sent, info.Size())
	}
}

func TestAFileIsBroughtToTheCluster(t *testing.T) {
	_, config, said := hosts(t, 2, 0)
	f, err := apps.New(classifier.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "input.csv")
	text := f.Generator.Append(append([]byte(classifier.Header), '\n'), 1, 0, 5000)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	config.Identity.Inputs = []input.Input{in}
	_, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 5000)
	if _, err := manifest.Verify(t.Context(), config.Output, []string{path}); err != nil {
		t.Error(err)
	}
}

func TestARunSurvivesAWorkerThatIsKilled(t *testing.T) {
	all, config, said := hosts(t, 3, 20000)
	c, wait, _ := begin(t, config)
	under(t, c)
	for _, pid := range all[2].pids() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 20000)
}

func TestARunSurvivesItsConnections(t *testing.T) {
	all, config, said := hosts(t, 2, 20000)
	c, wait, _ := begin(t, config)
	under(t, c)
	for _, h := range all {
		h.cut()
	}
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 20000)
	if !strings.Contains(said.String(), "cut off from the run") {
		t.Errorf("the cut was not reported: %s", said)
	}
}

func TestADeadInitializerEndsTheRunWithItsReason(t *testing.T) {
	all, config, said := hosts(t, 2, 20000)
	c, wait, _ := begin(t, config)
	under(t, c)
	for _, pid := range all[0].pids() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	var host *HostError
	if err := wait(); !errors.As(err, &host) || host.Host != "initializer-1" {
		t.Errorf("got %v, want an error of initializer-1\n%s", err, said)
	}
	if state, _ := manifest.Look(config.Output); state != manifest.Begun {
		t.Errorf("the folder is in state %d, want begun: it can be resumed", state)
	}
}

func TestAMissingWorkerIsDoneWithout(t *testing.T) {
	all, config, said := hosts(t, 2, 2000)
	all[1].listener.Close()
	_, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check(t, config, 2000)
}

func TestAnotherHostKeyStopsTheRunWithBothFingerprints(t *testing.T) {
	for i := range 2 {
		all, config, _ := hosts(t, 2, 50_000_000) // more than would be done before it is noticed
		name := config.Inventory.Hosts[i].Name
		_, other := newKey(t)
		config.Inventory.Hosts[i].HostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(other.PublicKey())))
		_, wait, _ := begin(t, config)
		err := wait()
		var host *HostError
		if !errors.Is(err, ErrHostKey) || !errors.As(err, &host) || host.Host != name {
			t.Fatalf("got %v, want ErrHostKey of %s", err, name)
		}
		for _, key := range []ssh.PublicKey{other.PublicKey(), all[i].key} {
			if !strings.Contains(err.Error(), ssh.FingerprintSHA256(key)) {
				t.Errorf("%v lacks %s", err, ssh.FingerprintSHA256(key))
			}
		}
		for _, h := range all {
			if left := h.pids(); len(left) > 0 {
				t.Errorf("%v of the run are left", left)
			}
		}
	}
}

func FuzzQuotedWordsReachTheShellAsTheyAre(f *testing.F) {
	f.Add("plain")
	f.Add("it's; rm -rf $HOME `id` \"x\" \n \\ *")
	f.Fuzz(func(t *testing.T, word string) {
		if strings.ContainsRune(word, 0) {
			t.Skip("no argument can hold a NUL")
		}
		out, err := exec.Command("sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q came out as %q, %v", word, out, err)
		}
	})
}
