package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	// replayMost is how many of the last bytes of a stream are kept for those who ask for them once more.
	replayMost = 64 << 20
	// replayBlock is how many bytes of it are read at once.
	replayBlock = 256 << 10
)

// replay reads a stream that cannot be read twice, and keeps its end for a while: what was on its way to an initializer that
// crashed is asked for again. It is read no faster than somebody asks. Safe for concurrent use.
type replay struct {
	source io.Reader
	most   int // bytes to keep

	mu      sync.Mutex
	kept    []byte
	at      int64 // how far the source was read: kept ends there
	err     error // that ended it
	reading bool
	moved   chan struct{} // closed and replaced when there is more
}

func newReplay(source io.Reader, most int) *replay {
	return &replay{source: source, most: most, moved: make(chan struct{})}
}

// ErrReadOnce says that bytes of a stream are wanted again that are gone.
var ErrReadOnce = errors.New("it cannot be read twice")

// readAt reads from an offset on, waiting for what has not come yet for as long as ctx lasts.
func (r *replay) readAt(ctx context.Context, p []byte, offset int64) (int, error) {
	for {
		r.mu.Lock()
		back := r.at - offset
		switch {
		case back > int64(len(r.kept)):
			oldest := r.at - int64(len(r.kept))
			r.mu.Unlock()
			return 0, fmt.Errorf("bytes from %d on are wanted again, and only those from %d on are kept: %w", offset, oldest, ErrReadOnce)
		case back > 0:
			n := copy(p, r.kept[int64(len(r.kept))-back:])
			r.mu.Unlock()
			return n, nil
		case r.err != nil:
			defer r.mu.Unlock()
			return 0, r.err
		}
		if !r.reading {
			r.reading = true
			go r.read() // ends when the source says something, or with the process
		}
		moved := r.moved
		r.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// read reads one block.
func (r *replay) read() {
	block := make([]byte, replayBlock)
	n, err := r.source.Read(block)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept)+n > r.most+r.most/2 {
		r.kept = append(r.kept[:0], r.kept[len(r.kept)+n-r.most:]...)
	}
	r.kept = append(r.kept, block[:n]...)
	r.at += int64(n)
	r.reading, r.err = false, err
	close(r.moved)
	r.moved = make(chan struct{})
}

// replayed reads a replay from an offset on.
type replayed struct {
	ctx    context.Context // of one connection to the run: as long as the reader lives
	of     *replay
	offset int64
}

func (r *replayed) Read(p []byte) (int, error) {
	n, err := r.of.readAt(r.ctx, p, r.offset)
	r.offset += int64(n)
	return n, err
}
