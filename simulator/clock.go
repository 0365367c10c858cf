package simulator

import "container/heap"

// clock is simulated time in seconds, and what is to happen.
type clock struct {
	now    float64
	events events
	number int64
}

// after has something done after so many seconds from now.
func (c *clock) after(seconds float64, do func()) {
	c.number++
	heap.Push(&c.events, event{c.now + max(seconds, 0), c.number, do})
}

// run lets time pass until over says so; it reports false where nothing is left to happen before that.
func (c *clock) run(over func() bool) bool {
	for !over() {
		if len(c.events) == 0 {
			return false
		}
		e := heap.Pop(&c.events).(event)
		c.now = e.at
		e.do()
	}
	return true
}

// event is something that happens at a time; of those at the same time the first that was asked for comes first.
type event struct {
	at     float64
	number int64
	do     func()
}

// events implements heap.Interface.
type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].number < e[j].number
}
func (e *events) Push(x any) { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}

// line serves one after the other: a link, the log, the initializer's loop.
type line struct {
	clock *clock
	free  float64 // from when on
	busy  float64 // seconds so far
}

// pass has something served that takes so many seconds, and then done.
func (l *line) pass(seconds float64, then func()) {
	l.free = max(l.free, l.clock.now) + seconds
	l.busy += seconds
	l.clock.after(l.free-l.clock.now, then)
}
