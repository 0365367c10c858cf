package flow

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pairs makes "key,value" lines of keys drawn from so many, of all lengths that tables treat differently.
func pairs(random *rand.Rand, n, keys int) string {
	var b strings.Builder
	for range n {
		key := random.IntN(keys)
		name := strings.Repeat(string(rune('a'+key%7)), key%40) + strconv.Itoa(key)
		fmt.Fprintf(&b, "%s,%d.%0*d\n", name, random.IntN(2000)-1000, 1+random.IntN(18), random.IntN(10))
	}
	return b.String()
}

// adds is an AddFunc for lines of pairs; a value of "late" is refused after it was added, "panic" panics after it.
func adds(record []byte, add *Adder) {
	fields := Fields(nil, record, ',')
	switch value := string(fields[1]); value {
	case "late":
		add.Add(fields[0], Whole(1000))
		add.Reject("late")
	case "panic":
		add.Add(fields[0], Whole(1000))
		panic("panic")
	default:
		d, err := ParseDecimal(fields[1])
		if err != nil {
			add.Reject(err.Error())
			return
		}
		add.Add(fields[0], d)
	}
}

// reduce is what a combining stage does, with a map and nothing else.
func reduce(data string, fold func(old, value Decimal, first bool) Decimal) map[string]Decimal {
	all := map[string]Decimal{}
	for line := range strings.Lines(data) {
		key, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ",")
		value, err := ParseDecimal([]byte(text))
		if err != nil {
			continue
		}
		old, known := all[key]
		all[key] = fold(old, value, !known)
	}
	return all
}

// table writes the results that a map means.
func resultsOf(k *Keyed, all map[string]Decimal) string {
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if k.byValue && all[a] != all[b] {
			return all[b].Compare(all[a])
		}
		return cmp.Compare(a, b)
	})
	var out []byte
	if k.title != nil {
		out = append(append(out, k.title...), '\n')
	}
	for _, key := range keys {
		out = append(k.appendRecord(out, []byte(key), all[key]), '\n')
	}
	return string(out)
}

// checkKeyed runs f over data with 1 and 7 partitions and compares both with want.
func checkKeyed(t *testing.T, f *Flow, data, want string) (Tally, []Reject) {
	t.Helper()
	var tally Tally
	var rejects []Reject
	for _, partitions := range []int{1, 7} {
		var out bytes.Buffer
		var err error
		tally, rejects, err = f.apply(strings.NewReader(data), &out, Limits{Partitions: partitions})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			t.Fatalf("%d partitions: %d bytes, want %d; from byte %d\n%.300s\nwant\n%.300s", partitions, len(got), len(want), at, got[at:], want[at:])
		}
		if tally.In != tally.Out+tally.Rejected || tally.Rejected != int64(len(rejects)) {
			t.Fatalf("%d partitions: %+v and %d rejects", partitions, tally, len(rejects))
		}
	}
	return tally, rejects
}

func plus(old, value Decimal, _ bool) Decimal { total, _ := old.plus(value); return total }

func TestCombiningStagesAgreeWithAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []struct{ rows, keys int }{{0, 1}, {1, 1}, {2000, 10}, {100_000, 300}, {100_000, 90_000}, {400_000, 350_000}} {
		data := pairs(random, size.rows, size.keys)
		for name, c := range map[string]struct {
			flow *Flow
			fold func(old, value Decimal, first bool) Decimal
		}{
			"sum":   {New("f", Lines).Sum("s", adds).Titled("key", "a,b"), plus},
			"top":   {New("f", Lines).Sum("s", adds).Top(3), plus},
			"count": {New("f", Lines).Count("s", func(r []byte, add *Counter) { add.Count(Fields(nil, r, ',')[0]) }), func(old, _ Decimal, _ bool) Decimal { old.lo++; return old }},
			"min": {New("f", Lines).Min("s", adds), func(old, value Decimal, first bool) Decimal {
				if first || value.Compare(old) < 0 {
					return value
				}
				return old
			}},
			"max": {New("f", Lines).Max("s", adds), func(old, value Decimal, first bool) Decimal {
				if first || value.Compare(old) > 0 {
					return value
				}
				return old
			}},
			"declared": {New("f", Lines).Sum("s", adds).Declare("0", "a1", "bb2"), plus},
		} {
			t.Run(fmt.Sprintf("%s of %d in %d", name, size.keys, size.rows), func(t *testing.T) {
				tally, _ := checkKeyed(t, c.flow, data, resultsOf(c.flow.keyed[0], reduce(data, c.fold)))
				if tally.In != int64(size.rows) || tally.Rejected != 0 || tally.Lines != tally.In {
					t.Errorf("%+v", tally)
				}
			})
		}
	}
}

func TestARejectedRecordAddsNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, keys := range []int{50, 100_000} { // combined, and straight to the segments
		good := strings.SplitAfter(pairs(random, 60_000, keys), "\n")
		var mixed []string
		var rejected []string
		for i, line := range good {
			switch i % 1000 {
			case 17:
				mixed, rejected = append(mixed, "only-here,late\n"), append(rejected, "late")
			case 29:
				mixed, rejected = append(mixed, "0,panic\n"), append(rejected, "panic: panic")
			case 43:
				mixed, rejected = append(mixed, "0,many\n"), append(rejected, errNoNumber.Error())
			}
			mixed = append(mixed, line)
		}
		data := strings.Join(mixed, "")
		f := New("f", Lines).Sum("s", adds)
		tally, rejects := checkKeyed(t, f, data, resultsOf(f.keyed[0], reduce(strings.Join(good, ""), plus)))
		if int(tally.Rejected) != len(rejected) || tally.In != int64(60_000+len(rejected)) {
			t.Fatalf("%+v", tally)
		}
		for i, r := range rejects {
			line := strings.TrimSuffix(mixed[r.Line], "\n")
			if r.Reason != rejected[i] || string(r.Record) != line || !strings.HasPrefix(data[r.Offset:], line) {
				t.Fatalf("reject %d: %+v, want %q of %q", i, r, rejected[i], line)
			}
		}
	}
}

func TestARejectBehindAMapStageAddsNothing(t *testing.T) {
	f := New("f", Lines).Map("twice", func(record []byte, emit *Emit) {
		emit.Record(record)
		if bytes.HasPrefix(record, []byte("bad")) {
			emit.Reject("bad")
		}
		emit.Record(record)
	}).Count("n", func(record []byte, add *Counter) { add.Count(record) })
	tally, rejects := checkKeyed(t, f, "a\nbad\nb\na\nbad 2", "a,4\nb,2\n")
	if len(rejects) != 2 || tally.Out != 3 || rejects[1].Line != 4 || rejects[1].Offset != 10 {
		t.Errorf("%+v %+v", tally, rejects)
	}
}

func TestStagesWithStateFollowOneAnother(t *testing.T) {
	letters := New("frequencies", Lines).
		Count("words", func(record []byte, add *Counter) {
			for word := range bytes.FieldsSeq(record) {
				add.Count(bytes.Clone(word))
			}
		}).
		Count("by number", func(record []byte, add *Counter) { add.Count(Fields(nil, record, ',')[1]) }).
		Max("most", func(record []byte, add *Adder) {
			number, err := ParseDecimal(Fields(nil, record, ',')[1])
			if err != nil {
				add.Reject(err.Error())
				return
			}
			add.Add([]byte("largest group"), number)
		})
	two := *letters
	two.keyed = letters.keyed[:2]
	data := "a b c a\nd, d, b\n\nx"
	checkKeyed(t, &two, data, "1,2\n2,3\n") // c and x once; a, b and "d," twice
	checkKeyed(t, letters, data, "largest group,3\n")
	if got := letters.Stages(); !slices.Equal(got, []string{"words", "by number", "most"}) {
		t.Errorf("%q", got)
	}

	refuses := New("f", Lines).Count("a", func(r []byte, add *Counter) { add.Count(r) }).
		Count("b", func(_ []byte, add *Counter) { add.Reject("not here") })
	_, _, err := refuses.Apply(strings.NewReader("a\n"), &bytes.Buffer{}, 0)
	if err == nil || !strings.Contains(err.Error(), "not here") {
		t.Errorf("a refusal of a following stage: %v", err)
	}
}

func TestOverflowIsAnError(t *testing.T) {
	f := New("f", Lines).Sum("s", adds)
	big := "k,170141183460469231731.687303715884105727\n"
	for data, bad := range map[string]bool{
		big: false, big + "k,0.000000000000000001\n": true, big + big: true, big + "k,-1\n": false,
		"k,-1\n" + big: false, strings.ReplaceAll(big+big, "k,", "k,-"): true,
		big + strings.Repeat("k,-1\nk,1\n", 20000) + "k,1\n": true,
	} {
		var out bytes.Buffer
		_, _, err := f.Apply(strings.NewReader(data), &out, 0)
		if bad != (err != nil) {
			t.Errorf("%.100q: %v, %s", data, err, out.String())
		}
	}
}

func TestFlowsThatCannotBeRunPanic(t *testing.T) {
	count := func([]byte, *Counter) {}
	for name, build := range map[string]func(){
		"a map behind a keyed stage": func() { New("f", Lines).Count("a", count).Map("b", same) },
		"update behind count": func() {
			New("f", Lines).Count("a", count).Update("b", func([]byte, *Sender) {}, nil)
		},
		"declare without a stage": func() { New("f", Lines).Declare("a") },
		"declared twice":          func() { New("f", Lines).Count("a", count).Declare("a", "a") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build()
		}()
	}
}
