package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
)

// patient is an operator that is not done with its first bundle before what lies behind it has been asked for.
type patient struct {
	asked func(from int) <-chan struct{}
	first sync.Once
}

func (p *patient) Process(ctx context.Context, in flow.Bundle) (y flow.Yield, err error) {
	p.first.Do(func() {
		select {
		case <-p.asked(len(in.Records)):
		case <-time.After(time.Minute):
			err = errors.New("the next batch is read only when this one is done")
		case <-ctx.Done():
		}
	})
	return flow.Yield{Records: bytes.Clone(in.Records), Count: in.Count, Took: time.Millisecond}, err
}

func (*patient) Close() error { return nil }

func TestTheNextBatchOfARemoteInputIsReadWhileAProgramWorks(t *testing.T) {
	text := []byte(strings.Repeat("some line or other\n", 40_000))
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
