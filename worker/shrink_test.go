package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
)

// An owner that leaves hands over what it owns: under the deal that takes it away there is a snapshot of every one of its
// partitions, so that nobody has to wait, or read again what is in it.
func TestAnOwnerThatLeavesHandsOver(t *testing.T) {
	text := wildText(4000)
	for name, build := range map[string]func(<-chan struct{}) *flow.Flow{"words": wordsBehind, "letters": lettersBehind} {
		t.Run(name, func(t *testing.T) {
			s := scenario{flow: build(nil), inputs: []input.Input{file(t, text)}, slots: 2, batchRows: 20}
			want := reference(t, build(nil), text)
			s.dir, s.listen = filepath.Join(t.TempDir(), "out"), "127.0.0.1:0"
			in := s.open(t)
			group, ctx := errgroup.WithContext(t.Context())
			join := func(name string, gate <-chan struct{}) error {
				return Run(ctx, Config{Name: name, Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion,
					Flow: func(string, json.RawMessage) (*flow.Flow, error) { return build(gate), nil }})
			}
			// The leaver works once it is to leave, and the heir once it has inherited: so the run is not over before.
			leaving, inherited, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() { left <- join("leaver", leaving) }()
			group.Go(func() error { return join("heir", inherited) })
			deals, err := in.bucket.Watch(ctx, dealKey)
			if err != nil {
				t.Fatal(err)
			}
			defer deals.Stop()
			reports, err := in.nc.SubscribeSync(progressSubject)
			if err != nil {
				t.Fatal(err)
			}
			next := func() (d Deal) {
				for entry := range deals.Updates() {
					if entry == nil {
						continue
					}
					if err := json.Unmarshal(entry.Value(), &d); err != nil {
						t.Fatal(err)
					}
					return d
				}
				return d
			}
			group.Go(func() error { return in.Run(ctx) })
			before := next()
			for len(before.owned("heir")) == 0 || len(before.owned("leaver")) == 0 {
				before = next()
			}
			for took := (Progress{}); took.Worker != "leaver" || took.Epoch < before.Epoch; { // else it has nothing to hand over
				msg, err := reports.NextMsgWithContext(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(msg.Data, &took); err != nil {
					t.Fatal(err)
				}
			}
			answer := in.shrink(Shrink{Workers: []string{"leaver"}})
			if answer.Error != "" || !slices.Equal(answer.Leaving, []string{"leaver"}) {
				t.Fatalf("%+v", answer)
			}
			close(leaving)
			after := next()
			close(inherited)
			if err := <-left; !errors.Is(err, ErrLeft) {
				t.Errorf("the leaver: %v, want ErrLeft", err)
			}
			kept, err := in.js.KeyValue(ctx, snapshotBucket)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range before.owned("leaver") {
				record, err := snapshots{kept, in.depot, in.Log}.find(ctx, p)
				if err != nil {
					t.Fatal(err)
				}
				if after.From[p] != "leaver" || after.Owners[p] != "heir" || record.Epoch < after.Epoch {
					t.Errorf("partition %d: dealt from %q to %q in epoch %d; its snapshot is of epoch %d", p, after.From[p], after.Owners[p], after.Epoch, record.Epoch)
				}
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			m, err := in.Folder.Finish(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(s.dir, m.Results))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, want %d: first difference at %d; %v", len(got), len(want), difference(got, want), err)
			}
		})
	}
}

func TestShrinkSparesTheLastWorkerAndTheInitializers(t *testing.T) {
	crewOf := func(own string, names ...string) *Initializer {
		in := &Initializer{}
		in.own.Store(&own)
		for _, name := range names {
			in.crew.of(name).Slots = 1
		}
		return in
	}
	for _, test := range []struct {
		in       *Initializer
		asked    Shrink
		eligible string
		refused  string
	}{
		{crewOf("", "a", "b"), Shrink{}, "a b", ""},
		{crewOf("i", "a", "i"), Shrink{}, "a", ""},
		{crewOf("", "a", "b"), Shrink{Workers: []string{"c"}}, "a b", `worker "c": there is none of that name that may leave`},
		{crewOf("i", "a", "i"), Shrink{Workers: []string{"a", "i"}}, "a", `worker "i": there is none of that name that may leave`},
		{crewOf("", "a", "b"), Shrink{Workers: []string{"a", "b"}}, "a b", "2 workers: at most 1 may leave"},
		{crewOf(""), Shrink{Count: 1}, "", ""},
		{crewOf("", "a"), Shrink{Count: 7}, "a", ""},
	} {
		got := test.in.shrink(test.asked)
		if strings.Join(got.Eligible, " ") != test.eligible || got.Error != test.refused || len(got.Leaving) > 0 {
			t.Errorf("%+v: %+v, want %q, %q", test.asked, got, test.eligible, test.refused)
		}
	}
}

// One that was killed or stopped a moment ago still counts as present; that does not make it one who goes on.
func TestShrinkSparesTheLastWorkerThatLives(t *testing.T) {
	s := scenario{flow: lettersBehind(nil), inputs: []input.Input{file(t, wildText(10))}, slots: 1}
	s.dir = filepath.Join(t.TempDir(), "out")
	in := s.open(t)
	in.crew.of("alive").Slots, in.crew.of("dead").Slots = 1, 1
	asked, heard := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		for {
			in.crew.hear(Beat{Worker: "alive", Slots: 1}, in.Log)
			select {
			case <-asked:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	refused := in.shrink(Shrink{Workers: []string{"alive"}})
	allowed := in.shrink(Shrink{Workers: []string{"dead"}})
	close(asked)
	<-heard
	if len(refused.Leaving) > 0 || refused.Error != "none of those that would stay gives a sign of life: dead" {
		t.Errorf("the last that lives may leave: %+v", refused)
	}
	if !slices.Equal(allowed.Leaving, []string{"dead"}) || allowed.Error != "" {
		t.Errorf("the one that is dead may not leave: %+v", allowed)
	}
}

// What is no message does not end an external address, and is not answered.
func TestExternalAddressesAnswerStrangersWithNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	shut := make(chan struct{})
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error {
		return serveExternal(ctx, address, answers{
			shutdown: func() { close(shut) },
			shrink:   func(asked []byte) []byte { return []byte(`{"eligible":["` + string(asked[:2]) + `"],"error":"no"}`) },
		})
	})
	for _, message := range []string{"\x00\x00\x00\x00\x00\x03", "\xff\xff\xff\xff\x00\x03", "\x00\x00\x00\x05\x00\x04ab", "GET /", ""} {
		c := dialUntil(t, address)
		if _, err := c.Write([]byte(message)); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		var got [1]byte
		if n, _ := c.Read(got[:]); n > 0 {
			t.Errorf("%q is answered", message)
		}
		c.Close()
	}
	if _, err := AskShrink(ctx, address, Shrink{}); !errors.Is(err, ErrShrink) {
		t.Errorf("got %v, want ErrShrink", err)
	}
	if err := ShutDown(ctx, address); err != nil {
		t.Fatal(err)
	}
	<-shut
}

// dialUntil dials until somebody listens.
func dialUntil(t *testing.T, address string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestExternalMessagesAreWallaroos(t *testing.T) {
	message := externalMessage(externalShutdown, nil)
	if want := []byte{0, 0, 0, 2, 0, 3}; !bytes.Equal(message, want) || binary.BigEndian.Uint32(message) != 2 {
		t.Errorf("% x, want % x", message, want)
	}
}
