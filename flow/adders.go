package flow

// Counter takes what a CountFunc counts. It belongs to one call and is not to be kept.
type Counter collector

// Count counts key once. It does not keep key, but may read what lies behind it in its memory, up to its capacity.
func (c *Counter) Count(key []byte) {
	if !c.quick || len(key) > inWord {
		(*collector)(c).add(key, Decimal{lo: 1})
		return
	}
	w := wordOf(key)
	hash := w.hash()
	t := &c.batch
	s := &t.slots[hash&t.mask]
	if s.word != w {
		if s = t.at(w, hash); s.hi == 0 {
			s.word = w
			t.used++
		}
	}
	s.value.lo++ // no batch has 2^64 words
	c.adds++
}

// Reject sends the record that is being worked on to the rejects, and drops what it added.
func (c *Counter) Reject(reason string) { (*collector)(c).refuse(reason) }

// Adder takes what an AddFunc adds. It belongs to one call and is not to be kept.
type Adder collector

// Add adds value to key. It does not keep key, but may read what lies behind it in its memory, up to its capacity.
func (a *Adder) Add(key []byte, value Decimal) { (*collector)(a).add(key, value) }

// Reject sends the record that is being worked on to the rejects, and drops what it added.
func (a *Adder) Reject(reason string) { (*collector)(a).refuse(reason) }

// Sender takes what a SendFunc sends. It belongs to one call and is not to be kept.
type Sender collector

// Send sends value to key. It keeps neither.
func (s *Sender) Send(key, value []byte) {
	c := (*collector)(s)
	p := c.keyed.partition(key, len(c.segs))
	c.segs[p] = appendUpdate(c.segs[p], c.places, key, value)
	c.adds++
	c.places++
}

// Reject sends the record that is being worked on to the rejects, and drops what it sent.
func (s *Sender) Reject(reason string) { (*collector)(s).refuse(reason) }
