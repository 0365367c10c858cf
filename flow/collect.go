package flow

// A collector takes what records add to keys and splits it by partition. It works in windows: what a window added is
// there for good after commit, and gone after rollback, which is how a rejected record leaves nothing behind without a
// price for every record.
//
// Where the same keys come again and again, as words do, they are combined: in a table of the window, and at its end in
// that of the batch. Counts go to the batch's table at once, for they can be taken back: by calling the stage's function
// again, which counts the same, and counting down. Where keys hardly repeat tables would only be in the way: then entries
// go straight to the segments of their partitions. The first keys of every batch decide.
type collector struct {
	keyed   *Keyed
	segs    [][]byte // entries by partition
	window  table
	batch   table
	batches int
	direct  bool // entries go straight to segs
	decided bool
	adds    int    // in the window
	seen    int    // in the committed windows since the batch, or what is left of it, was empty
	places  uint64 // updates in the batch
	marks   []int  // length of each segment when the window began
	place   uint64 // places when the window began
	refused bool
	reason  string
	careful bool      // every record has a window of its own, and counts are not to be taken back
	undoing bool      // what is counted is taken back instead
	undo    int       // counts that are still to be taken back
	quick   bool      // counts go to the batch's table, and nothing else is to be done about them
	missed  [256]word // words to be counted that are not where they should be in the batch's table
	lower   []byte    // a word that is counted
}

const (
	sampled   = 1 << 15 // so many adds decide how a batch is collected
	trusted   = 32      // so many batches are collected as the first of them decided
	batchKeys = 1 << 17 // so many keys are combined before they go to the segments
)

// newCollector returns a collector for one stage's keys.
func newCollector(k *Keyed, partitions int) *collector {
	return &collector{keyed: k, segs: make([][]byte, partitions), marks: make([]int, partitions)}
}

// start forgets everything.
func (c *collector) start() {
	if c.window.used > 0 {
		c.window.reset()
	}
	if c.batch.used > 0 {
		c.batch.reset()
	}
	for i := range c.segs {
		c.segs[i] = c.segs[i][:0]
	}
	// What was found out holds for the batches that follow, most likely. It is looked at again now and then.
	if c.batches++; c.batches%trusted == 1 {
		c.direct, c.decided = false, false
	}
	c.seen, c.places = 0, 0
	c.begin()
}

// begin opens a window.
func (c *collector) begin() {
	for i, seg := range c.segs {
		c.marks[i] = len(seg)
	}
	c.adds, c.place, c.refused = 0, c.places, false
	c.quick = c.keyed.op == count && !c.direct && !c.careful
	if c.quick && c.batch.slots == nil {
		c.batch.resize(smallest)
	}
}

// rollback drops what the window added.
func (c *collector) rollback() {
	for i, mark := range c.marks {
		c.segs[i] = c.segs[i][:mark]
	}
	if c.window.used > 0 {
		c.window.reset()
	}
	c.adds, c.places, c.refused = 0, c.place, false
}

// commit keeps what the window added, and opens the next.
func (c *collector) commit() {
	if c.seen += c.adds; c.window.used > 0 {
		c.merge()
	}
	switch {
	case c.direct || c.keyed.op == update:
	case !c.decided && c.seen >= sampled:
		c.decided = true
		if c.batch.used > c.seen/2 {
			c.direct = true
			c.spill()
		}
	case c.batch.used >= batchKeys:
		c.direct = c.batch.used > c.seen/2
		c.spill()
	}
	c.begin()
}

// merge combines the window's table into the batch's.
func (c *collector) merge() {
	t := &c.window
	for i := range t.slots {
		s := &t.slots[i]
		switch {
		case s.hi == 0:
		case s.hi>>tagAt == long:
			to, added := c.batch.atLong(t.longKey(s), s.lo)
			c.put(&c.batch, to, added, s.value)
		default:
			to := c.batch.at(s.word, s.word.hash())
			added := to.hi == 0
			if added {
				to.word = s.word
				c.batch.used++
			}
			c.put(&c.batch, to, added, s.value)
		}
	}
	t.reset()
}

// spill moves the batch's table to the segments.
func (c *collector) spill() {
	for i := range c.batch.slots {
		if s := &c.batch.slots[i]; s.hi != 0 {
			c.out(&c.batch, s)
		}
	}
	c.batch.reset()
	c.seen = 0
}

// out appends the entry of a slot of t to its segment.
func (c *collector) out(t *table, s *slot) {
	hash := s.hash()
	p := 0
	if c.keyed.declared == nil {
		p = partitionOf(hash, len(c.segs))
	} else {
		var room [64]byte
		p = c.keyed.partition(t.key(room[:0], s), len(c.segs))
	}
	c.segs[p] = t.appendEntry(c.segs[p], s)
}

// put combines value into a slot of t. A sum that would grow too large goes to the segment as it is, and a new one
// begins: whether the whole is too large is for the owner of the key to say.
func (c *collector) put(t *table, s *slot, added bool, value Decimal) {
	if added {
		s.value = value
	} else if !c.keyed.op.fold(&s.value, value) {
		c.out(t, s)
		s.value = value
	}
}

// fold combines value into state, and returns false when the result is beyond what a Decimal holds.
func (o op) fold(state *Decimal, value Decimal) bool {
	switch o {
	case least:
		if value.Compare(*state) < 0 {
			*state = value
		}
	case most:
		if value.Compare(*state) > 0 {
			*state = value
		}
	default:
		total, ok := state.plus(value)
		if !ok {
			return false
		}
		*state = total
	}
	return true
}

// add takes one value in.
func (c *collector) add(key []byte, value Decimal) {
	if c.undoing {
		c.takeBack(key)
		return
	}
	c.adds++
	if len(key) > inWord {
		c.addLong(key, value)
		return
	}
	w := wordOf(key)
	hash := w.hash()
	if c.direct {
		p := 0
		if c.keyed.declared == nil {
			p = partitionOf(hash, len(c.segs))
		} else {
			p = c.keyed.partition(key, len(c.segs))
		}
		c.segs[p] = appendShort(c.segs[p], w, value)
		return
	}
	t := c.into()
	s := t.at(w, hash)
	added := s.hi == 0
	if added {
		s.word = w
		t.used++
	}
	c.put(t, s, added, value)
}

// into returns the table that combines what is added.
func (c *collector) into() *table {
	if c.quick {
		return &c.batch
	}
	return &c.window
}

// takeBack counts down what was counted before, as often as was counted.
func (c *collector) takeBack(key []byte) {
	if c.undo > 0 {
		c.undo--
		s, _ := c.batch.enter(key, hashOf(key))
		s.value.lo--
	}
}

// undoWith takes back what the window counted into the batch's table; again does again what was done in the window.
func (c *collector) undoWith(again func()) {
	if !c.quick || c.adds == 0 {
		return
	}
	c.undoing, c.undo, c.quick = true, c.adds, false
	again()
	c.undoing = false
	c.batch.dropZeros()
}

// addLong is add for a key that does not fit a word.
func (c *collector) addLong(key []byte, value Decimal) {
	if c.direct {
		p := c.keyed.partition(key, len(c.segs))
		c.segs[p] = appendLong(c.segs[p], key, value)
		return
	}
	t := c.into()
	s, added := t.atLong(key, hashLong(key))
	c.put(t, s, added, value)
}

// refuse marks the record that is being worked on as rejected, with the first reason given.
func (c *collector) refuse(reason string) {
	if !c.refused {
		c.refused, c.reason = true, reason
	}
}

// entries commits the window and appends segment i to dst[i].
func (c *collector) entries(dst [][]byte) [][]byte {
	c.commit()
	c.spill()
	if dst == nil {
		dst = make([][]byte, len(c.segs))
	}
	for i, seg := range c.segs {
		dst[i] = append(dst[i], seg...)
	}
	return dst
}
