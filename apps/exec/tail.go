package exec

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// tailMost is how much of a program's standard error is kept: its end.
	tailMost = 4 << 10
	// saidMost is how much of that goes into an error.
	saidMost = 1500
)

// tail takes in what a program writes to standard error, however much, and keeps the end of it.
type tail struct {
	also io.Writer // gets all of it; nil for nobody
	done chan struct{}
	once sync.Once

	mu  sync.Mutex
	buf []byte
}

func (t *tail) ended() chan struct{} {
	t.once.Do(func() { t.done = make(chan struct{}) })
	return t.done
}

// readFrom reads to the end of r, or its deadline.
func (t *tail) readFrom(r io.Reader) {
	defer close(t.ended())
	block := make([]byte, 16<<10)
	for {
		n, err := r.Read(block)
		t.add(block[:n])
		if err != nil {
			return
		}
	}
}

func (t *tail) add(b []byte) {
	if t.also != nil && len(b) > 0 {
		_, _ = t.also.Write(b) // what a program says beside its results is not worth failing for
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - tailMost; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
}

// wait returns when readFrom has.
func (t *tail) wait() { <-t.ended() }

// end returns the end of it: whole lines, where it is more than fits.
func (t *tail) end() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.buf)
	if over := len(text) - saidMost; over > 0 {
		text = text[over:]
		if _, rest, ok := strings.Cut(text, "\n"); ok && rest != "" {
			text = rest
		}
		for len(text) > 0 && !utf8.RuneStart(text[0]) {
			text = text[1:]
		}
		text = "… " + text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
