package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
)

// patient is an operator that is not done with its first bundle before what lies behind it has been asked for; or, where it gets
// a later one first, what lies at the beginning.
type patient struct {
	asked func(from int) <-chan struct{}
	first sync.Once
}

func (p *patient) Process(ctx context.Context, in flow.Bundle) (y flow.Yield, err error) {
	p.first.Do(func() {
		number, fault := strconv.Atoi(string(in.Records[:numbered-1]))
		if fault != nil {
			err = fault
			return
		}
		other := 0
		if number == 0 {
			other = len(in.Records)
		}
		select {
		case <-p.asked(other):
		case <-time.After(time.Minute):
			err = errors.New("the next batch is read only when this one is done")
		case <-ctx.Done():
		}
	})
	return flow.Yield{Records: bytes.Clone(in.Records), Count: in.Count, Took: time.Millisecond}, err
}

func (*patient) Close() error { return nil }

// numbered is the length of a line that says which it is.
const numbered = 19

func TestTheNextBatchOfARemoteInputIsReadWhileAProgramWorks(t *testing.T) {
	var text []byte
	for i := range 40_000 {
		text = fmt.Appendf(text, "%0*d\n", numbered-1, i)
	}
	var mu sync.Mutex
	seen, came := map[string]chan struct{}{}, map[string]bool{}
	request := func(from string, comes bool) <-chan struct{} {
		mu.Lock()
		defer mu.Unlock()
		c, known := seen[from]
		if !known {
			c = make(chan struct{})
			seen[from] = c
		}
		if comes && !came[from] {
			came[from] = true
			close(c)
		}
		return c
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := strings.Cut(r.Header.Get("Range"), "-")
		request(from, true)
		http.ServeContent(w, r, "data.txt", time.Time{}, bytes.NewReader(text))
	}))
	t.Cleanup(s.Close)
	in, err := input.StatRemote(s.URL + "/data.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := &patient{asked: func(from int) <-chan struct{} { return request(fmt.Sprintf("bytes=%d", from), false) }}
	f := flow.New("patient", flow.Lines).Through("patient", 1, false, func(flow.Surroundings) (flow.Operator, error) { return o, nil })
	if got := (scenario{flow: f, inputs: []input.Input{in}, slots: 1}).results(t); !bytes.Equal(got, text) {
		t.Error("results differ from the input")
	}
}
