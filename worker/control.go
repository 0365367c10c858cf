package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"flashmob/manifest"
)

// Control is how an operator follows a run on another host: HTTP on a socket of the initializer's host, which is
// reached through the operator's SSH connection and in no other way.
//
//	GET  /status                    the run's Status, as JSON
//	GET  /parts?from=K&after=HASH   the parts from the K-th on, as they are gathered, to the end: a stream of Followed;
//	                                410 if this host does not have them, because an earlier sitting made them. Where the part
//	                                before them has another hash here, all that comes is that error (ErrOtherParts)
//	GET  /want                      the Want that is open, waiting for one for a while; 204 if there is none
//	PUT  /input?input=I&offset=N    what is wanted, and any number of the inputs behind it, as a Shipper writes them, zstd-compressed.
//	                                The answer begins at once: numbers of 8 bytes, big-endian, each how many bytes of the body may be
//	                                sent in all, CreditWindow before the first
//	PUT  /tell                      what the operator says of the run to those who watch it, as JSON; at most 1 MB
//	POST /drain                     finish what is under way, then end
//	POST /leave                     the operator has everything: the program may end
//
// Nothing here changes what the results are. An operator may go and come back, or another may.
type Control struct {
	in    *Initializer
	leave chan struct{}
	once  sync.Once
	fed   func() bool // whether all input is here, where it comes ahead of the work; else nil

	mu    sync.Mutex
	over  *Over
	want  *want
	kept  *shipment     // whose next input may be wanted
	seen  time.Time     // when an operator was last heard of
	moved chan struct{} // closed and replaced whenever something changes
}

// Followed is one item of the stream of parts: a part, followed by its Bytes of results and its RejectBytes of
// rejects; or the last item, that the run is over.
type Followed struct {
	Part *manifest.Part `json:"part,omitempty"`
	Over *Over          `json:"over,omitempty"`
}

// Over says how a run ended.
type Over struct {
	Drained  bool                `json:"drained,omitempty"`
	Error    string              `json:"error,omitempty"`
	Summary  []string            `json:"summary,omitempty"` // of the results
	Exchange []manifest.Exchange `json:"exchange,omitempty"`
}

// Err returns the error that the run ended with, if any.
func (o Over) Err() error {
	switch {
	case o.Drained:
		return ErrDrained
	case o.Error != "":
		return errors.New(o.Error)
	}
	return nil
}

// NewControl returns a Control whose initializer is still to come: its Uplink is needed to open one.
func NewControl() *Control {
	return &Control{leave: make(chan struct{}), moved: make(chan struct{}), seen: time.Now()}
}

// Serve answers requests about in from now on.
func (c *Control) Serve(in *Initializer) http.Handler {
	c.in = in
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", c.status)
	mux.HandleFunc("GET /parts", c.parts)
	mux.HandleFunc("GET /want", c.wanted)
	mux.HandleFunc("PUT /input", c.bring)
	mux.HandleFunc("PUT /tell", c.tell)
	mux.HandleFunc("POST /drain", func(http.ResponseWriter, *http.Request) { in.Drain() })
	mux.HandleFunc("POST /leave", func(http.ResponseWriter, *http.Request) { c.once.Do(func() { close(c.leave) }) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.touch()
		mux.ServeHTTP(w, r)
		c.touch()
	})
}

func (c *Control) touch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = time.Now()
}

// End says how the run ended, and waits until an operator has taken note, or none was heard of for so long.
func (c *Control) End(ctx context.Context, err error, patience time.Duration) {
	over := &Over{Drained: errors.Is(err, ErrDrained), Summary: c.in.Folder.Summary, Exchange: c.in.Folder.Exchange}
	if err != nil {
		over.Error = err.Error()
	}
	c.keep(nil)
	c.change(func() { c.over = over })
	tick := time.NewTicker(patience/100 + time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.leave:
			return
		case <-tick.C:
			c.mu.Lock()
			silent := time.Since(c.seen)
			c.mu.Unlock()
			if silent > patience {
				return
			}
		}
	}
}

// change changes something that others wait for.
func (c *Control) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.moved)
	c.moved = make(chan struct{})
}

func (c *Control) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	s := c.in.Status()
	s.Fed = s.Fed || c.fed != nil && c.fed()
	_ = json.NewEncoder(w).Encode(s) // an error here is the reader's, who has gone
}

// tell passes on what the operator says.
func (c *Control) tell(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1_000_000))
	if err == nil && !json.Valid(text) {
		err = errors.New("it is no JSON")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.in.Tell(text)
}

// pollTime is how long a request waits for something to happen before it is answered with nothing.
const pollTime = 10 * time.Second

// parts streams parts as they are gathered.
func (c *Control) parts(w http.ResponseWriter, r *http.Request) {
	from, err := strconv.Atoi(r.FormValue("from"))
	if err != nil || from < 0 {
		http.Error(w, "from which part?", http.StatusBadRequest)
		return
	}
	if own := c.in.Folder.Elsewhere; from < own {
		http.Error(w, fmt.Sprintf("the %d parts before this sitting are not here", own), http.StatusGone)
		return
	}
	if err := c.follow(r.Context(), w, from, r.FormValue("after")); err != nil {
		c.in.Log.Warn("follower left", "err", err)
	}
}

// ErrOtherParts says that the parts here are not those that the operator has: the host has lost some, and made them anew.
var ErrOtherParts = errors.New("the parts on the host are not those that came home")

func (c *Control) follow(ctx context.Context, w http.ResponseWriter, from int, after string) (err error) {
	results, rejects := c.in.Folder.Views()
	defer func() { err = errors.Join(err, results.Close(), rejects.Close()) }()
	flush := http.NewResponseController(w)
	encoder := json.NewEncoder(w)
	var at, rejectsAt int64
	sent := c.in.Folder.Elsewhere
	for {
		c.mu.Lock()
		over, ended := c.over, c.moved
		c.mu.Unlock()
		parts, moved := c.in.gathered()
		for ; sent < len(parts); sent++ {
			p := parts[sent]
			if sent == from-1 && after != "" && p.SHA256 != after {
				return encoder.Encode(Followed{Over: &Over{Error: fmt.Sprintf("part %d: %v", sent, ErrOtherParts)}})
			}
			if sent >= from {
				if err := encoder.Encode(Followed{Part: &p}); err != nil {
					return err
				}
				if err := copyAt(w, results, at, p.Bytes); err != nil {
					return err
				}
				if err := copyAt(w, rejects, rejectsAt, p.RejectBytes); err != nil {
					return err
				}
			}
			at += p.Bytes
			rejectsAt += p.RejectBytes
		}
		if over != nil && over.Error == "" && !over.Drained && sent < from {
			over = &Over{Error: fmt.Sprintf("%d parts of %d: %v", sent, from, ErrOtherParts)}
		}
		if over != nil {
			return encoder.Encode(Followed{Over: over})
		}
		if err := flush.Flush(); err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		c.touch()
	}
}

// copyAt copies n bytes of file from an offset on.
func copyAt(w io.Writer, file io.ReaderAt, offset, n int64) error {
	if n == 0 {
		return nil
	}
	copied, err := io.Copy(w, io.NewSectionReader(file, offset, n))
	if err == nil && copied < n {
		err = fmt.Errorf("%w: %d of %d bytes", io.ErrUnexpectedEOF, copied, n)
	}
	return err
}
