package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func noise(n int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// What was read last can be read once more, from anywhere in what is kept.
func TestReplayGivesItsEndAgain(t *testing.T) {
	text := noise(10 << 20)
	r := newReplay(iotest.HalfReader(bytes.NewReader(text)), 1<<20)
	for _, from := range []int64{0, 3 << 20, 7<<20 - 1000_000, 9 << 20} {
		at := &replayed{t.Context(), r, from}
		want := text[from:min(from+4<<20, int64(len(text)))]
		if from == 0 {
			want = text[:3<<20]
		}
		if from == 9<<20 && r.at < from { // first read up to there
			if _, err := io.CopyN(io.Discard, &replayed{t.Context(), r, r.at}, 9<<20-r.at); err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(io.LimitReader(at, int64(len(want))))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("from %d: %d bytes that are the right ones: %t; %v", from, len(got), bytes.Equal(got, want), err)
		}
	}
	if rest, err := io.ReadAll(&replayed{t.Context(), r, r.at}); err != nil || len(rest) > 0 {
		t.Errorf("%d bytes behind the end, %v", len(rest), err)
	}
	if _, err := io.ReadAll(&replayed{t.Context(), r, 1000}); !errors.Is(err, ErrReadOnce) {
		t.Errorf("what is gone: %v", err)
	}
}

// A source that is silent holds up nobody who has to go, and loses nothing for who comes after.
func TestReplayOfASilentSourceCanBeLeft(t *testing.T) {
	source, end := io.Pipe()
	r := newReplay(source, 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&replayed{ctx, r, 0}).Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	go func() {
		end.Write([]byte("late"))
		end.Close()
	}()
	got, err := io.ReadAll(&replayed{t.Context(), r, 0})
	if err != nil || string(got) != "late" {
		t.Errorf("%q, %v", got, err)
	}
}
