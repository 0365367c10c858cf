package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"

	"flashmob/input"
)

// quay is an operator's side of a Control: it brings what is wanted of texts, a few of them a shipment.
type quay struct {
	texts     []string
	atOnce    int
	shipments atomic.Int32
}

// serve brings inputs until the test ends.
func (q *quay) serve(t *testing.T, c *Control) {
	server := httptest.NewServer(c.Serve(nil))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // as an operator's
	ctx, stop := context.WithCancel(context.Background())
	var bringing sync.WaitGroup
	bringing.Go(func() {
		for ctx.Err() == nil {
			var want Want
			if answer, err := client.Get(server.URL + "/want"); err != nil || json.NewDecoder(answer.Body).Decode(&want) != nil {
				return
			}
			q.shipments.Add(1)
			var packed bytes.Buffer
			encoder, err := zstd.NewWriter(&packed)
			shipper := NewShipper(encoder)
			for _, text := range q.texts[want.Input:min(want.Input+q.atOnce, len(q.texts))] {
				err = errors.Join(err, shipper.Ship(strings.NewReader(text)), shipper.EndInput())
			}
			if err := errors.Join(err, encoder.Close()); err != nil {
				t.Error(err)
			}
			request, err := http.NewRequest(http.MethodPut, fmt.Sprintf("%s/input?input=%d&offset=0", server.URL, want.Input), &packed)
			if err != nil {
				t.Error(err)
				return
			}
			if answer, err := client.Do(request); err == nil {
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}
	})
	t.Cleanup(func() {
		stop()
		c.change(func() { c.over = &Over{} })
		bringing.Wait()
		server.Close()
	})
}

// read returns all of an input.
func (q *quay) read(t *testing.T, c *Control, i int) string {
	t.Helper()
	r, err := c.Uplink(t.Context(), i, input.Input{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("input %d: %v", i, err)
	}
	return string(text)
}

func TestManyInputsComeInAShipment(t *testing.T) {
	q := &quay{atOnce: 100}
	for i := range 250 {
		q.texts = append(q.texts, strings.Repeat(fmt.Sprintln("line", i), i*i%700)) // some empty, some of many pieces
	}
	c := NewControl()
	q.serve(t, c)
	for i, want := range q.texts {
		if got := q.read(t, c, i); got != want {
			t.Errorf("input %d has %d bytes, want %d", i, len(got), len(want))
		}
	}
	if n := q.shipments.Load(); n != 3 {
		t.Errorf("%d shipments, want 3", n)
	}
}

// Inputs may be left out, read anew or given up in the middle: what has come along for nothing is dropped.
func TestWhatIsNotReadOfAShipmentIsDropped(t *testing.T) {
	q := &quay{atOnce: 100}
	for i := range 100 {
		q.texts = append(q.texts, strings.Repeat(fmt.Sprintln("line", i), 10_000))
	}
	c := NewControl()
	q.serve(t, c)
	for _, i := range []int{0, 1, 50, 50, 51, 3, 99} {
		if got := q.read(t, c, i); got != q.texts[i] {
			t.Errorf("input %d has %d bytes, want %d", i, len(got), len(q.texts[i]))
		}
		r, err := c.Uplink(t.Context(), i, input.Input{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		r.Close()
	}
}
