package worker

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"

	"flashmob/flow"
)

// However the results of a part come together, the part is the same.
func TestWhatIsSwallowedIsWhatIsWritten(t *testing.T) {
	stretches := []string{"", "a,1\nb,2\n", "c,3\n", "", "d"}
	for _, codec := range []string{"none", "gzip"} {
		p, err := newPacker(codec)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		var room []byte
		p.begin(nil)
		for _, text := range stretches {
			want = append(want, text...)
			room = append(room[:0], text...) // the memory of the stretch before is used again
			if room, err = p.swallow(flow.Yield{Records: room, Room: room}); err != nil {
				t.Fatal(err)
			}
		}
		if !p.open() {
			t.Errorf("%s: the last line has an end", codec)
		}
		body, sum, err := p.end()
		if err != nil {
			t.Fatal(err)
		}
		if hash := sha256.Sum256(body); sum != hex.EncodeToString(hash[:]) {
			t.Errorf("%s: the hash is another's", codec)
		}
		if codec == "gzip" {
			r, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, want) {
			t.Errorf("%s: got %q, want %q", codec, body, want)
		}
	}
}

func TestResultsThatAreNotCompressedAreNotCopied(t *testing.T) {
	p, err := newPacker("none")
	if err != nil {
		t.Fatal(err)
	}
	p.begin(make([]byte, 0, 100))
	results := bytes.Repeat([]byte("1\n"), inlineLimit)
	room, err := p.swallow(flow.Yield{Records: results, Room: results})
	if err != nil || cap(room) != 100 {
		t.Errorf("room for %d bytes in their place, want 100: %v", cap(room), err)
	}
	if body, _, _ := p.end(); &body[0] != &results[0] {
		t.Error("the part is a copy")
	}
	p.begin(nil)
	few := results[:4]
	if room, err := p.swallow(flow.Yield{Records: few, Room: results}); err != nil || cap(room) != cap(results) {
		t.Errorf("room for %d bytes behind a few, want the same as before, %d: %v", cap(room), cap(results), err)
	}
	if body, _, _ := p.end(); string(body) != "1\n1\n" {
		t.Errorf("a few results: %q", body)
	}
}
