package worker

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"flashmob/input"
)

// Want is a call for the bytes of an input, from an offset on.
type Want struct {
	Input  int   `json:"input"`
	Offset int64 `json:"offset"`
}

// want is a Want that waits for its bytes.
type want struct {
	Want
	came chan *shipment
}

// Uplink is the Uplink of the initializer: it waits for an operator who brings the bytes.
func (c *Control) Uplink(ctx context.Context, i int, _ input.Input, offset int64) (io.ReadCloser, error) {
	c.mu.Lock()
	kept := c.kept
	c.kept = nil
	c.mu.Unlock()
	if kept != nil {
		context.AfterFunc(ctx, kept.stop)
		if kept.goesOn(i, offset) {
			return kept, nil
		}
		kept.drop()
	}
	open := &want{Want: Want{Input: i, Offset: offset}, came: make(chan *shipment)}
	c.change(func() { c.want = open })
	defer c.change(func() { c.want = nil })
	select {
	case s := <-open.came:
		context.AfterFunc(ctx, s.stop)
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// keep keeps a shipment of which an input has been read to its end, and gives up the one that is kept.
func (c *Control) keep(s *shipment) {
	c.mu.Lock()
	before := c.kept
	c.kept = s
	c.mu.Unlock()
	if before != nil {
		before.drop()
	}
}

func (c *Control) wanted(w http.ResponseWriter, r *http.Request) {
	timeout := time.After(pollTime)
	for {
		c.mu.Lock()
		open, over, moved := c.want, c.over, c.moved
		c.mu.Unlock()
		switch {
		case open != nil:
			_ = json.NewEncoder(w).Encode(open.Want)
			return
		case over != nil:
			w.WriteHeader(http.StatusGone)
			return
		}
		select {
		case <-moved:
		case <-timeout:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// bring hands the request's body to whoever reads the input. It returns when all of it is here, be it read or not, or nobody wants more.
func (c *Control) bring(w http.ResponseWriter, r *http.Request) {
	i, err1 := strconv.Atoi(r.FormValue("input"))
	offset, err2 := strconv.ParseInt(r.FormValue("offset"), 10, 64)
	c.mu.Lock()
	open := c.want
	c.mu.Unlock()
	if err := errors.Join(err1, err2); err != nil || open == nil || open.Want != (Want{Input: i, Offset: offset}) {
		http.Error(w, "not wanted", http.StatusConflict)
		return
	}
	answer := http.NewResponseController(w)
	arrived := newCredited(func(total int64) {
		_, _ = w.Write(binary.BigEndian.AppendUint64(nil, uint64(total))) // who sends may be gone: reading shows that
		_ = answer.Flush()
	})
	decoder, err := zstd.NewReader(arrived, zstd.WithDecoderConcurrency(2))
	if err = errors.Join(err, answer.EnableFullDuplex()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = answer.Flush()
	all := make(chan struct{})
	go func() {
		arrived.fill(r.Body)
		close(all)
	}()
	defer func() {
		_ = answer.SetReadDeadline(time.Now()) // nothing may come for long
		arrived.end()
		<-all
	}()
	dropped := make(chan struct{})
	stop := sync.OnceFunc(func() {
		arrived.end()
		close(dropped)
	})
	s := &shipment{stream: bufio.NewReaderSize(decoder, pieceMost), input: i, keep: c.keep, stop: stop, close: decoder.Close}
	select {
	case open.came <- s:
	case <-r.Context().Done():
		s.drop()
		return
	}
	select {
	case <-all:
	case <-dropped:
	case <-r.Context().Done(): // its reader may have given up on it
	}
}
