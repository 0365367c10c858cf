package flow

import (
	"fmt"
	"slices"
)

// Keyed is a stage with state: every key belongs to a partition, every partition to one owner, and what records add to
// a key meets there. Build one with the methods of Flow that add keyed stages. It is read-only and may be used by any
// number of slots at once.
type Keyed struct {
	name     string
	op       op
	collect  func(record []byte, c *collector)
	update   UpdateFunc
	declared map[string]int // nil where keys are hashed
	title    []byte
	byValue  bool
	top      int
	groups   bool
}

// An op is what becomes of the values that are added to one key.
type op byte

const (
	count  op = iota // they are counted
	sum              // their sum is kept
	least            // the smallest is kept
	most             // the largest is kept
	update           // a function decides, and may put out something on each
)

// CountFunc says what is to be counted in a record, through add. The record comes without its line end and must not be
// kept or changed. Directly behind the source Text it is a stretch of whole records instead, line ends included.
type CountFunc func(record []byte, add *Counter)

// Count adds a keyed stage that counts how often each key is named.
func (f *Flow) Count(name string, fn CountFunc) *Flow {
	return f.addKeyed(&Keyed{name: name, op: count, collect: func(record []byte, c *collector) { fn(record, (*Counter)(c)) }})
}

// AddFunc says which values a record adds to which keys, through add. The record comes as a CountFunc's does.
type AddFunc func(record []byte, add *Adder)

// Sum adds a keyed stage that keeps the exact sum of each key's values.
func (f *Flow) Sum(name string, fn AddFunc) *Flow { return f.combine(name, sum, fn) }

// Min adds a keyed stage that keeps the smallest of each key's values.
func (f *Flow) Min(name string, fn AddFunc) *Flow { return f.combine(name, least, fn) }

// Max adds a keyed stage that keeps the largest of each key's values.
func (f *Flow) Max(name string, fn AddFunc) *Flow { return f.combine(name, most, fn) }

func (f *Flow) combine(name string, op op, fn AddFunc) *Flow {
	return f.addKeyed(&Keyed{name: name, op: op, collect: func(record []byte, c *collector) { fn(record, (*Adder)(c)) }})
}

// SendFunc says which values a record sends to which keys, through send. The record comes as a CountFunc's does.
type SendFunc func(record []byte, send *Sender)

// UpdateFunc folds one value into the state of its key and returns the new state, which may share the old one's
// memory. A new key's state is empty. It is called once for every value, in the order of the input, and never for two
// values of one partition at once. What it puts out stands in the results in the order of the input, too.
type UpdateFunc func(state []byte, u *Update) []byte

// Update adds a keyed stage that calls fold for every value that a record sends to a key. It is the flow's only keyed
// stage, and its last.
func (f *Flow) Update(name string, fn SendFunc, fold UpdateFunc) *Flow {
	k := &Keyed{name: name, op: update, update: fold}
	k.collect = func(record []byte, c *collector) { fn(record, (*Sender)(c)) }
	return f.addKeyed(k)
}

// addKeyed appends a keyed stage. A flow that cannot be run is a mistake in the program, so it panics.
func (f *Flow) addKeyed(k *Keyed) *Flow {
	if last := len(f.keyed); last > 0 && (k.op == update || f.keyed[last-1].op == update) {
		panic(fmt.Sprintf("flow %s: stage %s: an update stage is the only keyed one", f.Name, k.name))
	}
	f.keyed = append(f.keyed, k)
	return f
}

// lastKeyed returns the stage that an option behind it is about.
func (f *Flow) lastKeyed(option string) *Keyed {
	if len(f.keyed) == 0 {
		panic(fmt.Sprintf("flow %s: %s stands behind no keyed stage", f.Name, option))
	}
	return f.keyed[len(f.keyed)-1]
}

// Declare lists keys of the last keyed stage: they are dealt to the partitions in turn, key i to partition i. Keys that
// are not in the list are made when they are first named, and are dealt by their hash.
func (f *Flow) Declare(keys ...string) *Flow {
	k := f.lastKeyed("Declare")
	k.declared = map[string]int{}
	for i, key := range keys {
		k.declared[key] = i
	}
	if len(k.declared) < len(keys) {
		panic(fmt.Sprintf("flow %s: stage %s: a key is declared twice", f.Name, k.name))
	}
	return f
}

// Titled gives the results of the last keyed stage a header line of two fields.
func (f *Flow) Titled(key, value string) *Flow {
	title := append(AppendField(nil, []byte(key), ','), ',')
	f.lastKeyed("Titled").title = AppendField(title, []byte(value), ',')
	return f
}

// Top orders the results of the last keyed stage by value, the largest first, and keys of the same value bytewise; the
// first n are in the summary. Without Top results are ordered by key, bytewise.
func (f *Flow) Top(n int) *Flow {
	k := f.lastKeyed("Top")
	k.byValue, k.top = true, n
	return f
}

// Groups puts the number of keys of the last keyed stage into the summary.
func (f *Flow) Groups() *Flow {
	f.lastKeyed("Groups").groups = true
	return f
}

// Keyed returns the flow's keyed stages, in order; none for a flow of stages without state.
func (f *Flow) Keyed() []*Keyed { return slices.Clone(f.keyed) }

// Name returns the stage's name, as Stages lists it.
func (k *Keyed) Name() string { return k.name }

// OnUpdate reports whether the stage puts out results on each update, in the order of the input. Others do at the end.
func (k *Keyed) OnUpdate() bool { return k.op == update }

// Keys returns how many keys are declared: key i of them belongs to partition i. It is 0 where all keys are hashed.
func (k *Keyed) Keys() int { return len(k.declared) }

// Title returns the header line of the results without a line end, nil for none.
func (k *Keyed) Title() []byte { return k.title }

// partition returns which of n partitions owns a key.
func (k *Keyed) partition(key []byte, n int) int {
	if i, ok := k.declared[string(key)]; ok {
		return i % n
	}
	return partitionOf(hashOf(key), n)
}
