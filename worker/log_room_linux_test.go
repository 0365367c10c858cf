package worker

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"
)

// smallLog starts a log on a disk of its own, of the given size, with a stream in it.
func smallLog(t *testing.T, size string) (dir string, s *server.Server, js jetstream.JetStream) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); errors.Is(err, unix.EPERM) {
		t.Skip("only root may mount a small disk")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s, err := startServer(filepath.Join(dir, logFolder), "", "", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	nc, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "s", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	return dir, s, js
}

// fill publishes until the log takes no more.
func fill(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	for range 100 {
		if _, err := js.Publish(t.Context(), "s", make([]byte, segment)); err != nil {
			if !away(err) {
				t.Errorf("workers would not come back: %v", err)
			}
			return
		}
	}
	t.Fatal("100 MiB fit into less")
}

// A log at its limit is noticed, and so is that it has room again.
func TestLogAtItsLimitIsNoticed(t *testing.T) {
	_, s, js := smallLog(t, "24m")
	if atLimit(s) {
		t.Fatal("it is empty")
	}
	fill(t, js)
	if !atLimit(s) {
		t.Error("it is full, and nobody notices")
	}
	stream, err := js.Stream(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if atLimit(s) {
		t.Error("it is empty again")
	}
}

// A log whose disk others have filled says so to its initializer only.
func TestLogOnAFullDiskIsNoticed(t *testing.T) {
	dir, s, js := smallLog(t, "24m")
	says := new(logSays)
	s.SetLoggerV2(says, false, false, false)
	if err := os.WriteFile(filepath.Join(dir, "other"), make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, js)
	if failed := says.failed.Load(); failed == nil {
		t.Error("it did not say that it could not write")
	} else {
		t.Log(*failed)
	}
}
