package worker

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// inlineLimit is how large a body may be to travel in its message: past it the log costs more than the detour.
const inlineLimit = 16 << 10

// depot is where bodies too large for a message wait for their receiver. Safe for concurrent use.
type depot interface {
	// Put keeps body, which it owns from then on, and returns the reference that fetches it.
	Put(body []byte) (ref string, err error)
	// Get returns what Put was given. It is valid until Drop.
	Get(ref string) ([]byte, error)
	// Section returns n bytes of what Put was given, from the offset on. It is valid until Drop.
	Section(ref string, offset, n int64) ([]byte, error)
	// Write writes the first n bytes of a body to w and returns the rest.
	Write(ref string, w *os.File, n int64) (rest []byte, err error)
	// Drop forgets a body; one that is not there is no error.
	Drop(ref string) error
	// Buffer returns an empty buffer to make a body in.
	Buffer() []byte
	// Held returns how many bytes it keeps for this process.
	Held() int64
}

// memory is the depot of a run whose slots are all in one process. Nothing is copied.
type memory struct {
	mu     sync.Mutex
	bodies map[string][]byte
	next   int
	held   int64
	spares
}

func newMemory() *memory { return &memory{bodies: map[string][]byte{}} }

func (m *memory) Put(body []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	ref := fmt.Sprint(m.next)
	m.bodies[ref] = body
	m.held += int64(cap(body))
	return ref, nil
}

func (m *memory) Get(ref string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, ok := m.bodies[ref]
	if !ok {
		return nil, fmt.Errorf("depot: %w: %s", os.ErrNotExist, ref)
	}
	return body, nil
}

func (m *memory) Section(ref string, offset, n int64) ([]byte, error) {
	body, err := m.Get(ref)
	if err != nil {
		return nil, err
	}
	return section(body, offset, n)
}

// section returns n bytes of body, from the offset on.
func section(body []byte, offset, n int64) ([]byte, error) {
	if offset < 0 || n < 0 || offset+n > int64(len(body)) {
		return nil, errTorn
	}
	return body[offset:][:n], nil
}

func (m *memory) Write(ref string, w *os.File, n int64) ([]byte, error) {
	body, err := m.Get(ref)
	if err != nil {
		return nil, err
	}
	return writeHead(w, body, n)
}

// writeHead writes the first n bytes of body to w and returns the rest.
func writeHead(w *os.File, body []byte, n int64) ([]byte, error) {
	if int64(len(body)) < n {
		return nil, errTorn
	}
	_, err := w.Write(body[:n])
	return body[n:], err
}

func (m *memory) Drop(ref string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, ok := m.bodies[ref]
	if !ok {
		return nil
	}
	delete(m.bodies, ref)
	m.held -= int64(cap(body))
	m.recycle(body)
	return nil
}

func (m *memory) Held() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

// folder is the depot of a run whose workers are processes that share a file system. Every process has its own value.
type folder struct {
	dir  string
	name string // of this value among all that share the folder
	next atomic.Int64
	spares
}

func newFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return &folder{dir: dir, name: rand.Text()}, nil
}

func (f *folder) Put(body []byte) (string, error) {
	ref := fmt.Sprintf("%s-%d", f.name, f.next.Add(1))
	if err := os.WriteFile(filepath.Join(f.dir, ref), body, 0o600); err != nil {
		return "", fmt.Errorf("depot: %w", err)
	}
	f.recycle(body)
	return ref, nil
}

func (f *folder) Get(ref string) ([]byte, error) {
	body, err := os.ReadFile(filepath.Join(f.dir, filepath.Base(ref)))
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return body, nil
}

func (f *folder) Section(ref string, offset, n int64) ([]byte, error) {
	file, err := os.Open(filepath.Join(f.dir, filepath.Base(ref)))
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	defer file.Close()
	body := make([]byte, n)
	if _, err := file.ReadAt(body, offset); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return body, nil
}

// Write leaves the copying to the kernel, which on some file systems need not copy at all.
func (f *folder) Write(ref string, w *os.File, n int64) (rest []byte, err error) {
	file, err := os.Open(filepath.Join(f.dir, filepath.Base(ref)))
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	defer file.Close()
	if _, err := io.CopyN(w, file, n); err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

func (f *folder) Drop(ref string) error {
	if err := os.Remove(filepath.Join(f.dir, filepath.Base(ref))); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("depot: %w", err)
	}
	return nil
}

func (f *folder) Held() int64 { return 0 }

// spares are buffers of bodies that are done with, to be filled again: without them every part would grow one anew. What was
// given back last is taken first: it is still in a core's cache.
type spares struct {
	mu   sync.Mutex
	free [][]byte
	size int // of all of them
}

// sparesMost is how many bytes of spare buffers are kept, beside one of any size.
const sparesMost = 64 << 20

func (s *spares) Buffer() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		return nil
	}
	last := len(s.free) - 1
	buf := s.free[last]
	s.free[last] = nil
	s.free = s.free[:last]
	s.size -= cap(buf)
	return buf
}

func (s *spares) recycle(body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cap(body) == 0 || len(s.free) > 0 && s.size+cap(body) > sparesMost {
		return
	}
	s.free = append(s.free, body[:0])
	s.size += cap(body)
}
