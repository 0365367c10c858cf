package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
)

// TestADrainedWorkerLeavesNothingUndone: every record is worked on exactly once, so no batch was handed out again.
func TestADrainedWorkerLeavesNothingUndone(t *testing.T) {
	const rows = 40000
	text := []byte("a,b\n" + string(bytes.Repeat([]byte("1,2\n"), rows)))
	s := scenario{flow: tag(), inputs: []input.Input{file(t, text)}, slots: 1, batchRows: 50}
	want := s.results(t)

	var calls atomic.Int64
	half, drain := make(chan struct{}), make(chan struct{})
	counting := func(string, json.RawMessage) (*flow.Flow, error) {
		return flow.New("tag", flow.CSV).Column("TAG", func(dst, record []byte) ([]byte, error) {
			if calls.Add(1) == rows/20 { // in the middle of a batch, with others waiting
				close(half)
				<-drain
			}
			return appendTag(dst, record), nil
		}), nil
	}
	s.listen, s.dir = "127.0.0.1:0", filepath.Join(t.TempDir(), "out")
	in := s.open(t)
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error { return in.Run(ctx) })
	left := make(chan error, 1)
	join := func(name string, drain <-chan struct{}) error {
		return Run(ctx, Config{Name: name, Slots: 2, URL: in.URL(), Token: "secret", Version: testVersion, Flow: counting, Drain: drain})
	}
	go func() { left <- join("leaver", drain) }()
	<-half
	close(drain)
	if err := <-left; !errors.Is(err, ErrLeft) {
		t.Errorf("got %v, want ErrLeft", err)
	}
	group.Go(func() error { return join("heir", nil) })
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := calls.Load(); n != rows {
		t.Errorf("%d records were worked on, there are %d", n, rows)
	}
	if late := in.Status().Late; late != 0 {
		t.Errorf("%d parts came twice", late)
	}
	m, err := in.Folder.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d", difference(got, want))
	}
}

func TestAWorkerWhoseInitializerNeverComesLeaves(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	err = Run(t.Context(), Config{
		Name: "w", Slots: 1, URL: "nats://" + address, Token: "secret", Flow: scenario{flow: tag()}.makeFlow,
		InitializerWait: 100 * time.Millisecond,
	})
	if !errors.Is(err, ErrAlone) {
		t.Errorf("got %v, want ErrAlone", err)
	}
}

func TestAWorkerWhoseInitializerIsGoneLeaves(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(10))}, slots: 1, dir: filepath.Join(t.TempDir(), "out"), listen: "127.0.0.1:0"}
	in := s.open(t) // it never hands anything out
	left := make(chan error, 1)
	go func() {
		left <- Run(t.Context(), Config{
			Name: "w", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: s.makeFlow,
			InitializerWait: 100 * time.Millisecond,
		})
	}()
	beats, err := in.nc.SubscribeSync(beatSubject)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := beats.NextMsg(10 * time.Second); err != nil { // it has joined
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-left; !errors.Is(err, ErrAlone) {
		t.Errorf("got %v, want ErrAlone", err)
	}
}
