package orchestrator

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"flashmob/inventory"
)

// A metrics host may be this machine: its page is reached without SSH.
func TestThePageOfAHostThatIsThisMachineIsReached(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	c, err := here(inventory.Host{Name: "metrics-1", Connection: inventory.LocalMachine})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.dialPage(t.Context()); !errors.Is(err, ErrNoRun) {
		t.Errorf("with no run: %v, want %v", err, ErrNoRun)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	folder := filepath.Join(c.home, ".flashmob/runs/one")
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, pageFile), []byte(l.Addr().String()+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	wire, err := c.dialPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer wire.Close()
	if got, want := wire.RemoteAddr().String(), l.Addr().String(); got != want {
		t.Errorf("reached %s, want %s", got, want)
	}
}
