package pages_test

import (
	"bytes"
	"sync"
	"testing"

	"flashmob/internal/pages"
)

func TestBuffersHaveRoomAndOverlapNoOther(t *testing.T) {
	var mu sync.Mutex
	var all [][]byte
	var making sync.WaitGroup
	for range 4 {
		making.Go(func() {
			for _, n := range []int{0, 1, 4 << 10, 32 << 10, 100_000, 1 << 20, 2<<20 + 1, 5 << 20, 9 << 20} {
				buf := pages.Make(n)
				if len(buf) != 0 || cap(buf) < n {
					t.Errorf("for %d bytes: %d of %d", n, len(buf), cap(buf))
				}
				mu.Lock()
				all = append(all, buf[:cap(buf)])
				mu.Unlock()
			}
		})
	}
	making.Wait()
	for i, buf := range all {
		for j := range buf {
			if buf[j] != 0 {
				t.Fatalf("byte %d of buffer %d is another's, too", j, i)
			}
			buf[j] = 1
		}
	}
}

func TestGrowKeepsWhatThereIs(t *testing.T) {
	var buf []byte
	var want bytes.Buffer
	for i := range 300 {
		piece := bytes.Repeat([]byte{byte(i)}, 1+i*97)
		buf = append(pages.Grow(buf, len(piece)), piece...)
		want.Write(piece)
	}
	if !bytes.Equal(buf, want.Bytes()) {
		t.Fatalf("%d bytes, want %d", len(buf), want.Len())
	}
	if same := pages.Grow(buf, cap(buf)-len(buf)); &same[0] != &buf[0] {
		t.Error("a buffer with room enough was moved")
	}
}

// A buffer that grows a little at a time must not be copied every time.
func TestGrowGrowsByMoreThanIsAskedFor(t *testing.T) {
	buf, moves := pages.Make(64<<10), 0
	for len(buf) < 16<<20 {
		before := &buf[:1][0]
		if buf = append(pages.Grow(buf, 4<<10), make([]byte, 4<<10)...); &buf[0] != before {
			moves++
		}
	}
	if moves > 20 {
		t.Errorf("moved %d times", moves)
	}
}
