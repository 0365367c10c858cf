package flow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// running is a flow that puts out each key's running total; lines are "key n", several on a line parted by semicolons.
func running(keys ...string) *Flow {
	send := func(record []byte, send *Sender) {
		for one := range bytes.SplitSeq(record, []byte(";")) {
			key, n, ok := bytes.Cut(one, []byte(" "))
			if !ok {
				send.Reject("no number")
				continue
			}
			if string(n) == "panic" {
				panic("no way")
			}
			send.Send(key, n)
		}
	}
	return New("running", Lines).Update("total", send, func(state []byte, u *Update) []byte {
		n, err := strconv.ParseUint(string(u.Value), 10, 64)
		if err != nil {
			u.Emit([]byte(err.Error()))
			return state
		}
		if state == nil {
			state = make([]byte, 8)
		}
		total := binary.BigEndian.Uint64(state) + n
		binary.BigEndian.PutUint64(state, total)
		u.Emit(fmt.Appendf(nil, "%s => %d", u.Key, total))
		return state
	}).Declare(keys...)
}

// votes makes lines for running and what comes out of them.
func votes(random *rand.Rand, lines int) (in, out string) {
	var data, want strings.Builder
	totals := map[string]int{}
	for i := range lines {
		key := string(rune('a' + random.IntN(30)))
		if i%50 == 7 {
			data.WriteString("a 5;b 6;broken;c 7\n")
			continue
		}
		if i%50 == 8 {
			data.WriteString("a 5;b panic\n")
			continue
		}
		totals[key] += i
		totals["z"]++
		fmt.Fprintf(&data, "%s %d;z 1\n", key, i)
		if key == "z" {
			fmt.Fprintf(&want, "z => %d\nz => %d\n", totals["z"]-1, totals["z"])
			continue
		}
		fmt.Fprintf(&want, "%s => %d\nz => %d\n", key, totals[key], totals["z"])
	}
	return data.String(), want.String()
}

func TestUpdatesComeOutInTheOrderOfTheInput(t *testing.T) {
	in, want := votes(rand.New(rand.NewPCG(1, 2)), 20_000)
	for _, f := range []*Flow{running(), running("a", "b", "z")} {
		tally, rejects := checkKeyed(t, f, in, want)
		if tally.In != 20_000 || len(rejects) != 800 || rejects[0].Reason != "no number" || rejects[1].Reason != "panic: no way" {
			t.Errorf("%+v, %d rejects, first %+v", tally, len(rejects), rejects[0])
		}
	}
}

func TestDeclaredKeysAreDealtInTurn(t *testing.T) {
	k := running("a", "b", "c").Keyed()[0]
	if k.Keys() != 3 || !k.OnUpdate() {
		t.Errorf("%d keys", k.Keys())
	}
	for i, key := range []string{"a", "b", "c"} {
		if got := k.partition([]byte(key), 2); got != i%2 {
			t.Errorf("%s belongs to partition %d", key, got)
		}
	}
	seen := map[int]bool{}
	for i := range 100 {
		seen[k.partition(strconv.AppendInt(nil, int64(i), 10), 3)] = true
	}
	if len(seen) != 3 {
		t.Errorf("unknown keys go to %v only", seen)
	}
}

// batches runs f over data in batches of so many lines, moves every state through a snapshot between them, and returns
// the states and what MergeUpdates makes of each batch.
func batches(t *testing.T, f *Flow, data string, lines, partitions int) (states []*State, out string) {
	t.Helper()
	k := f.Keyed()[0]
	for p := range partitions {
		states = append(states, k.NewState(p, partitions))
	}
	pass := f.NewPass(Limits{Partitions: partitions})
	var results strings.Builder
	for all := strings.SplitAfter(data, "\n"); len(all) > 0; all = all[min(lines, len(all)):] {
		pass.Begin()
		if err := pass.Run([]byte(strings.Join(all[:min(lines, len(all))], "")), nil); err != nil {
			t.Fatal(err)
		}
		bodies := make([][]byte, partitions)
		for p, segment := range pass.Entries(nil) {
			var err error
			if bodies[p], err = states[p].Apply(segment, nil); err != nil {
				t.Fatal(err)
			}
			keys := states[p].Len()
			if states[p], err = k.Restore(p, partitions, states[p].Snapshot(nil)); err != nil || states[p].Len() != keys {
				t.Fatalf("partition %d has %d keys restored, had %d: %v", p, states[p].Len(), keys, err)
			}
		}
		if err := MergeUpdates(bodies, func(line []byte) error { results.Write(line); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return states, results.String()
}

func TestUpdatesSurviveSnapshotsBetweenBatches(t *testing.T) {
	in, want := votes(rand.New(rand.NewPCG(3, 4)), 5_000)
	if _, out := batches(t, running("a", "b"), in, 777, 5); out != want {
		t.Errorf("%.200q, want %.200q", out, want)
	}
}

func TestStatesSurviveSnapshotsBetweenBatches(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	data := pairs(random, 30_000, 9_000)
	f := New("f", Lines).Sum("s", adds)
	states, _ := batches(t, f, data, 4_000, 6)
	var out bytes.Buffer
	if err := f.keyed[0].results(states, func(b []byte) error { out.Write(b); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := resultsOf(f.keyed[0], reduce(data, plus)); out.String() != want {
		t.Errorf("%.200q, want %.200q", out.String(), want)
	}
}

func TestTornBytesAreErrors(t *testing.T) {
	for name, f := range map[string]*Flow{"sum": New("f", Lines).Sum("s", adds), "update": running()} {
		data := pairs(rand.New(rand.NewPCG(7, 8)), 40, 40)
		if name == "update" {
			data, _ = votes(rand.New(rand.NewPCG(7, 8)), 40)
		}
		k := f.Keyed()[0]
		pass := f.NewPass(Limits{})
		pass.Begin()
		if err := pass.Run([]byte(data), nil); err != nil {
			t.Fatal(err)
		}
		segment := pass.Entries(nil)[0]
		whole := k.NewState(0, 1)
		if _, err := whole.Apply(segment, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := k.NewState(0, 1).Apply(segment[:len(segment)-1], nil); !errors.Is(err, errTorn) {
			t.Errorf("%s: a torn segment: %v", name, err)
		}
		if _, err := k.NewState(1, 2).Apply(segment, nil); !errors.Is(err, errForeign) {
			t.Errorf("%s: a segment of all partitions: %v", name, err)
		}
		snapshot := whole.Snapshot(nil)
		if _, err := k.Restore(0, 1, snapshot[:len(snapshot)-1]); !errors.Is(err, errTorn) {
			t.Errorf("%s: a torn snapshot: %v", name, err)
		}
		if name == "sum" {
			run := whole.Run(nil)
			for _, bad := range [][]byte{nil, run[:15], run[:20], append(bytes.Repeat([]byte{255}, 16), run...)} {
				if _, err := k.Split([][]byte{run, bad}, 2); !errors.Is(err, errNoRun) {
					t.Errorf("a run of %d bytes: %v", len(bad), err)
				}
			}
			stretches, err := k.Split([][]byte{run[:len(run)-1]}, 1)
			if err == nil {
				_, err = k.Write(stretches[0], func([]byte) error { return nil })
			}
			if !errors.Is(err, errTorn) {
				t.Errorf("a torn run: %v", err)
			}
		}
	}
}

func TestStretchesAreAboutEqualAndSinkErrorsEndThem(t *testing.T) {
	f := New("f", Lines).Sum("s", adds).Groups().Top(2)
	k := f.keyed[0]
	var runs [][]byte
	states, _ := batches(t, f, pairs(rand.New(rand.NewPCG(9, 9)), 60_000, 50_000), 60_000, 5)
	keys := 0
	for _, s := range states {
		runs, keys = append(runs, s.Run(nil)), keys+s.Len()
	}
	stretches, err := k.Split(runs, 4)
	if err != nil || len(stretches) != 4 {
		t.Fatalf("%d stretches, %v", len(stretches), err)
	}
	var first bytes.Buffer
	for i, s := range stretches {
		rows, err := k.Write(s, func(b []byte) error { first.Write(b); return nil })
		if err != nil || rows < int64(keys/4*8/10) || rows > int64(keys/4*12/10) {
			t.Errorf("stretch %d has %d rows of %d, %v", i, rows, keys, err)
		}
	}
	full := errors.New("full")
	if _, err := k.Write(stretches[0], func([]byte) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	lines := strings.SplitN(first.String(), "\n", 3)
	summary, err := k.Summary(runs)
	if want := []string{fmt.Sprintf("result: %d", keys), lines[0], lines[1]}; err != nil || fmt.Sprint(summary) != fmt.Sprint(want) {
		t.Errorf("%q, want %q, %v", summary, want, err)
	}
	none, err := k.Summary([][]byte{k.NewState(0, 1).Run(nil)})
	if err != nil || fmt.Sprint(none) != "[result: 0]" {
		t.Errorf("%q %v", none, err)
	}
}
