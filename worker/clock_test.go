package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
)

// When the machine's clock is set back by hours, what a dead worker held does not wait for as long: as it stands here, the log would
// not hand it out again before the test ends.
func TestAClockThatIsSetBackHoldsNothingUp(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(2000))}, slots: 1, batchRows: 100}
	want := s.results(t)

	var back atomic.Int64
	var calls atomic.Int32
	begun, free := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(free) })
	defer release()
	dying := func(string, json.RawMessage) (*flow.Flow, error) {
		return flow.New("tag", flow.CSV).Column("TAG", func(dst, record []byte) ([]byte, error) {
			if calls.Add(1) == 150 {
				close(begun)
				<-free
			}
			return appendTag(dst, record), nil
		}), nil
	}
	s.listen, s.dir, s.ackWait = "127.0.0.1:0", filepath.Join(t.TempDir(), "out"), time.Hour
	in := s.open(t)
	in.wall = func(now time.Time) time.Time { return wallClock(now).Add(-time.Duration(back.Load())) }
	limited, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("what the dead worker held is not handed out"))
	defer cancel()
	group, ctx := errgroup.WithContext(limited)
	living, kill := context.WithCancel(ctx)
	defer kill()
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		Run(living, Config{Name: "dead", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: dying})
	}()
	group.Go(func() error { return in.Run(ctx) })
	<-begun
	kill()
	release()
	<-dead
	group.Go(func() error {
		return Run(ctx, Config{Name: "other", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: s.makeFlow})
	})
	back.Store(int64(2 * time.Hour))
	if err := group.Wait(); err != nil {
		t.Fatal(err, context.Cause(limited))
	}
	m, err := in.Folder.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, m.Results))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d: %v", difference(got, want), err)
	}
}
