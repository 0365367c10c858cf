package orchestrator

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

// A host that has ended either breaks the connection, or, as where packets go nowhere, says nothing more.
func TestEndedHostIsNotWaitedFor(t *testing.T) {
	for name, end := range map[string]func(*testHost){
		"cut off": func(h *testHost) { h.listener.Close(); h.cut() },
		"silent":  func(h *testHost) { h.deaf.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			all, config, said := hosts(t, 1, 20000)
			var asked atomic.Int32
			var gone atomic.Bool
			config.Ended = func(_ context.Context, host string) (string, error) {
				switch {
				case host != "initializer-1":
					t.Errorf("asked for %s", host)
				case asked.Add(1) == 1:
					return "", errors.New("no answer") // is asked again
				case gone.Load():
					return "its instance is gone", nil
				}
				return "", nil
			}
			c, wait, _ := begin(t, config)
			under(t, c)
			gone.Store(true)
			end(all[0])
			err := wait()
			if !errors.Is(err, ErrInitializerGone) || !strings.HasPrefix(err.Error(), "initializer-1: the run's initializer is gone: its instance is gone") {
				t.Errorf("got %v", err)
			}
			if n := asked.Load(); n < 2 {
				t.Errorf("asked %d times", n)
			}
			if text := said.String(); strings.Count(text, "do not answer any more") != 1 {
				t.Errorf("it says\n%s", text)
			}
		})
	}
}

func TestHostThatIsThereIsWaitedFor(t *testing.T) {
	all, config, _ := hosts(t, 1, 20000)
	config.Ended = func(context.Context, string) (string, error) { return "", nil }
	c, wait, _ := begin(t, config)
	under(t, c)
	all[0].cut()
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	check(t, config, 20000)
}
