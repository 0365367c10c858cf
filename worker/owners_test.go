package worker

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"

	"flashmob/flow"
	"flashmob/input"
)

// Owners come, go and die while a run goes on, at moments that the seed and the input say, and every partition is as if one
// had had it all the time.
func TestOwnersComeAndGo(t *testing.T) {
	const lines = 4000
	text := wildText(lines)
	in := file(t, text)
	for name, make := range map[string]func(<-chan struct{}) *flow.Flow{"words": wordsBehind, "letters": lettersBehind} {
		want := reference(t, make(nil), text)
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				t.Parallel() // most of the time goes by waiting for the ack waits of the dead
				random, gate := rand.New(rand.NewPCG(seed, 6)), newGate()
				s := scenario{flow: make(gate.lines), inputs: []input.Input{in}, slots: 2, batchRows: 20}
				got := s.crewed(t, []string{"w1"}, func(start, kill func(string)) {
					defer gate.open()
					alive := []string{"w1"}
					for i := 2; i < 8; i++ {
						gate.pass(t, random.IntN(lines/12))
						name := fmt.Sprintf("w%d", i)
						start(name)
						alive = append(alive, name)
						if random.IntN(3) > 0 {
							gate.pass(t, random.IntN(lines/12))
							victim := random.IntN(len(alive))
							kill(alive[victim])
							alive = slices.Delete(alive, victim, victim+1)
						}
					}
				})
				if !bytes.Equal(got, want) {
					t.Errorf("%d bytes, want %d: first difference at %d", len(got), len(want), difference(got, want))
				}
			})
		}
	}
}

// A gate lets so many lines through as it is told to, until it is opened for all.
type gate struct{ lines chan struct{} }

func newGate() gate { return gate{make(chan struct{})} }

// pass returns when n more lines are through.
func (g gate) pass(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case g.lines <- struct{}{}:
		case <-t.Context().Done():
			t.Fatal("no worker comes for more lines")
		}
	}
}

func (g gate) open() { close(g.lines) }

// All workers of a run own some of the keys, and no key is with two of them.
func TestAKeyLivesOnOneWorkerOnly(t *testing.T) {
	text := wildText(3000)
	s := scenario{flow: words(), inputs: []input.Input{file(t, text)}, slots: 1, batchRows: 50}
	var in *Initializer
	senders := map[int]string{} // of what is in a partition at the end
	keys := map[string]int{}    // and in which one a key is
	s.opened = func(opened *Initializer) func() {
		in = opened
		nc, err := nats.Connect("", nats.InProcessServer(in.server), nats.Token(in.Token))
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := nc.SubscribeSync(partSubject)
		if err == nil {
			err = nc.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			defer nc.Close()
			for n, _, _ := outputs.Pending(); n > 0; n-- {
				msg, err := outputs.NextMsg(0)
				if err != nil {
					t.Fatal(err)
				}
				var out Output
				if _, err := decode(msg.Data, &out); err != nil {
					t.Fatal(err)
				}
				for _, p := range out.Partitions {
					if was := senders[p]; was != "" && was != out.Worker {
						t.Errorf("partition %d is with %s and with %s", p, was, out.Worker)
					}
					senders[p] = out.Worker
				}
			}
			for p, run := range in.keyed.runs {
				for _, key := range keysOf(t, in.keyed.stages[0], run) {
					if was, twice := keys[key]; twice {
						t.Errorf("%q is in partition %d and in %d", key, was, p)
					}
					keys[key] = p
				}
			}
		}
	}
	// Nobody gets to work before all own partitions.
	all, gate := []string{"w1", "w2", "w3"}, newGate()
	s.flow = wordsBehind(gate.lines)
	want := reference(t, words(), text)
	got := s.crewed(t, all, func(_, _ func(string)) {
		defer gate.open()
		await(t, "all own partitions", func() bool {
			owners := in.Status().Owners
			return !slices.ContainsFunc(all, func(name string) bool { return !slices.Contains(owners, name) })
		})
	})
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	if n := bytes.Count(want, []byte{'\n'}) - 1; len(keys) != n {
		t.Errorf("%d keys are in partitions, want %d", len(keys), n)
	}
	owned := map[string]int{}
	for _, p := range keys {
		owned[senders[p]]++
	}
	for _, name := range all {
		if owned[name] < len(keys)/6 {
			t.Errorf("%s owns %d of %d keys: %v", name, owned[name], len(keys), owned)
		}
	}
}

// keysOf returns the keys in what a partition comes to.
func keysOf(t *testing.T, k *flow.Keyed, run []byte) (keys []string) {
	t.Helper()
	stretches, err := k.Split([][]byte{run}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, stretch := range stretches {
		if _, err := k.Write(stretch, func(lines []byte) error {
			for line := range bytes.Lines(lines) {
				keys = append(keys, string(line[:bytes.LastIndexByte(line, ',')]))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}
