package flow

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// same emits every record as it is.
func same(record []byte, emit *Emit) { emit.Record(record) }

// repeat emits every record as often as it says.
func repeat(record []byte, emit *Emit) {
	n, err := strconv.Atoi(string(Fields(nil, record, ',')[0]))
	if err != nil {
		emit.Reject("no number")
		return
	}
	for i := range n {
		emit.Record(fmt.Appendf(nil, "%s:%d", record, i))
	}
}

func TestMapEmitsAnyNumberOfRecords(t *testing.T) {
	f := New("repeat", Lines).Map("repeat", repeat)
	out, tally, rejects := apply(t, f, "0\n1\r\n3\nx\n2", 0)
	if want := "1:0\r\n3:0\n3:1\n3:2\n2:02:1"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	if want := (Tally{In: 5, Out: 4, Rejected: 1, Emitted: 6, Lines: 4}); tally != want {
		t.Errorf("%+v, want %+v", tally, want)
	}
	if want := []string{`line 3, byte 7: no number: "x"`}; !slices.Equal(rejects, want) {
		t.Errorf("%q, want %q", rejects, want)
	}
}

func TestRejectLeavesNothingOfItsRecordBehind(t *testing.T) {
	picky := func(record []byte, emit *Emit) {
		emit.Record(append([]byte("first of "), record...))
		if bytes.HasPrefix(record, []byte("bad")) {
			emit.Reject("bad")
			emit.Reject("worse")
		}
		emit.Record(append([]byte("second of "), record...))
	}
	f := New("picky", Lines).Map("picky", picky).Column("LEN", length)
	out, tally, rejects := apply(t, f, "bad 1\ngood\nbad 2\nbad 3\n", 0)
	if want := "first of good,13\nsecond of good,14\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	if want := (Tally{In: 4, Out: 1, Rejected: 3, Emitted: 2, Lines: 4}); tally != want {
		t.Errorf("%+v, want %+v", tally, want)
	}
	want := []string{`line 0, byte 0: bad: "bad 1"`, `line 2, byte 11: bad: "bad 2"`, `line 3, byte 17: bad: "bad 3"`}
	if !slices.Equal(rejects, want) {
		t.Errorf("%q, want %q", rejects, want)
	}
}

// fussy is a column that refuses some records in every way there is.
func fussy(dst, record []byte) ([]byte, error) {
	switch dst = append(dst, "half a value"...); {
	case bytes.Contains(record, []byte("error")):
		return nil, errors.New("an error")
	case bytes.Contains(record, []byte("panic")):
		panic("no way")
	case bytes.Contains(record, []byte("index")):
		return dst[len(record)+cap(dst)+1:], nil
	}
	return append(dst[:len(dst)-len("half a value")], "ok"...), nil
}

func TestErrorsAndPanicsRejectTheirRecordAlone(t *testing.T) {
	for name, f := range map[string]*Flow{
		"last":   New("fussy", Lines).Column("OK", fussy),
		"first":  New("fussy", Lines).Column("OK", fussy).Map("same", same),
		"middle": New("fussy", Lines).Map("same", same).Column("OK", fussy).Map("same", same),
		"end":    New("fussy", Lines).Map("same", same).Column("OK", fussy),
	} {
		out, tally, rejects := apply(t, f, "a\nerror\nb\npanic\npanic again\nindex\nc\nerror", 0)
		if want := "a,ok\nb,ok\nc,ok\n"; out != want {
			t.Errorf("%s: %q, want %q", name, out, want)
		}
		if want := (Tally{In: 8, Out: 3, Rejected: 5, Emitted: 3, Lines: 7}); tally != want {
			t.Errorf("%s: %+v, want %+v", name, tally, want)
		}
		for i, want := range []string{
			`line 1, byte 2: an error: "error"`, `line 3, byte 10: panic: no way: "panic"`, `line 4, byte 16: panic: no way: "panic again"`,
			`line 5, byte 28: panic: runtime error: `, `line 7, byte 36: an error: "error"`,
		} {
			if !strings.HasPrefix(rejects[i], want) {
				t.Errorf("%s: reject %q, want %q", name, rejects[i], want)
			}
		}
	}
}

func TestAPanicAfterAnEmitTakesItBack(t *testing.T) {
	f := New("late", Lines).Map("late", func(record []byte, emit *Emit) {
		emit.Record(record)
		if len(record) > 1 {
			panic("late")
		}
	})
	if out, tally, _ := apply(t, f, "a\nbb\nc\n", 0); out != "a\nc\n" || tally.Emitted != 2 {
		t.Errorf("%q, %+v", out, tally)
	}
}

func TestStagesFollowOneAnother(t *testing.T) {
	upper := func(record []byte, emit *Emit) {
		emit.Record(bytes.ToUpper(record))
		emit.Record(record)
	}
	f := New("chain", CSV).Column("L1", length).Map("upper", upper).Column("L2", length).Column("L3", length)
	out, _, _ := apply(t, f, "A,B\na,\"b\r\nb\"\r\nc,d", 0)
	want := "A,B,L1,L2,L3\nA,\"B\r\nB\",8,10,13\r\na,\"b\r\nb\",8,10,13\r\nC,D,3,5,7c,d,3,5,7"
	if out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestAFlowWithoutStagesCopies(t *testing.T) {
	in := BOM + "A,B\r\n1,\"2\n\"\n3,4"
	if out, _, _ := apply(t, New("copy", CSV), in, 0); out != in {
		t.Errorf("%q, want %q", out, in)
	}
}

func TestRunReportsErrorsOfTheSinkOnly(t *testing.T) {
	full := errors.New("full")
	pass := New("fussy", Lines).Column("OK", fussy).NewPass(Limits{})
	pass.Begin()
	if err := pass.Run([]byte("panic\nerror\n"), func([]byte) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := pass.Run([]byte("a\n"), func([]byte) error { return full }); err != full {
		t.Errorf("%v, want %v", err, full)
	}
}

func TestBeginForgetsTheBatchBefore(t *testing.T) {
	pass := measured(CSV).NewPass(Limits{Fields: 2})
	for range 2 {
		pass.Begin()
		if err := pass.Run([]byte("1\n2,3\n"), func([]byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
		tally, rejects := pass.End()
		if want := (Tally{In: 2, Out: 1, Rejected: 1, Emitted: 1, Lines: 2}); tally != want || len(rejects) != 1 || rejects[0].Offset != 0 {
			t.Errorf("%+v, %+v", tally, rejects)
		}
	}
}

// batched runs f over data as a cluster would: in batches cut at record ends that a Cutter found in blocks of the
// size, each batch in two goes, and adds up what comes of them.
func batched(t *testing.T, f *Flow, data string, size, maxRecord int) (out string, tally Tally, rejects []string) {
	t.Helper()
	first, _ := f.Source.Cutter().Next([]byte(data))
	pass := f.NewPass(Limits{Fields: f.Source.Fields([]byte(data)[:first-lineEnd([]byte(data)[:first])]), MaxRecord: maxRecord})
	var results []byte
	sink := func(out []byte) error { results = append(results, out...); return nil }
	cutter, begin := f.Source.Cutter(), 0
	for at := 0; at < len(data); {
		n := min(size, len(data)-at)
		last := cutter.Last([]byte(data)[at : at+n])
		end := at + last
		if at += n; at == len(data) {
			end = len(data)
		} else if last == 0 {
			continue
		}
		batch := []byte(data)[begin:end]
		half, _ := f.Source.Cutter().Next(batch)
		pass.Begin()
		for _, piece := range [][]byte{batch[:half], batch[half:]} {
			if err := pass.Run(piece, sink); err != nil {
				t.Fatal(err)
			}
		}
		part, rejected := pass.End()
		for i := range rejected {
			rejected[i].Line += tally.Lines
			rejected[i].Offset += int64(begin)
		}
		rejects = append(rejects, describe(rejected)...)
		tally.Add(part)
		begin = end
	}
	return string(results), tally, rejects
}

// checkPass compares one batch and many with the reference.
func checkPass(t *testing.T, data string, size, maxRecord int) {
	t.Helper()
	data = strings.TrimPrefix(data, BOM)
	f := measured(CSV.WithoutHeader())
	want, wantTally, wantRejects := refPass(data, maxRecord)
	for name, run := range map[string]func() (string, Tally, []string){
		"one batch":    func() (string, Tally, []string) { return apply(t, f, data, maxRecord) },
		"many batches": func() (string, Tally, []string) { return batched(t, f, data, size, maxRecord) },
	} {
		out, tally, rejects := run()
		if out != want || tally != wantTally || !slices.Equal(rejects, wantRejects) {
			t.Fatalf("%q in %s (blocks of %d, limit %d) gives\n%q\n%+v\n%q\nwant\n%q\n%+v\n%q",
				data, name, size, maxRecord, out, tally, rejects, want, wantTally, wantRejects)
		}
	}
}

func TestBatchesOfAnySizeGiveTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		checkPass(t, tangle(random, random.IntN(60)), 1+random.IntN(40), random.IntN(30))
	}
	long := strings.Repeat("a,\"b\nc\"\r\nd,\n\n,", 30000) // more than one flush of output
	checkPass(t, long, 10000, 0)
}

// Any input, cut into any batches, gives what the reference gives: output, tallies and rejects.
func FuzzPass(f *testing.F) {
	f.Add("a,\"b\n\"\r\n\nc,d", uint16(3), uint16(0))
	f.Add("\"a\"b\n\"\n\"", uint16(1), uint16(2))
	f.Fuzz(func(t *testing.T, data string, size, maxRecord uint16) {
		checkPass(t, data, int(size)+1, int(maxRecord))
	})
}
