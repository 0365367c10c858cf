package orchestrator

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// parcel is the worker's binary for one architecture.
type parcel struct {
	sum    string // SHA-256
	binary []byte
}

// binFolder is where the binary lies on a host, under the login's home; its name there carries its hash.
const binFolder = ".flashmob/bin"

func (p parcel) path() string { return binFolder + "/worker-" + p.sum[:16] }

// parcels are read once an architecture, by whoever needs one first.
type parcels struct {
	program func(arch string) (path string, err error)
	mu      sync.Mutex
	byArch  map[string]parcel
}

func (p *parcels) of(arch string) (parcel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.byArch[arch]; ok {
		return known, nil
	}
	path, err := p.program(arch)
	if err != nil {
		return parcel{}, err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return parcel{}, fmt.Errorf("worker program: %w", err)
	}
	sum := sha256.Sum256(binary)
	if p.byArch == nil {
		p.byArch = map[string]parcel{}
	}
	p.byArch[arch] = parcel{sum: hex.EncodeToString(sum[:]), binary: binary}
	return p.byArch[arch], nil
}

// pack writes the binary as it is sent: gzip, which every host can unpack. The compressor's output comes in bits of a
// few bytes, each of which would be a packet of its own.
func (p parcel) pack(to io.Writer) error {
	whole := bufio.NewWriterSize(to, 256<<10)
	w, err := gzip.NewWriterLevel(whole, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := w.Write(p.binary); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return whole.Flush()
}

// send sends the binary over the operator's link, while it is being packed.
func (c *Cluster) send(ctx context.Context, r *remote, p parcel) error {
	packed, feed := io.Pipe()
	var packing sync.WaitGroup
	packing.Go(func() { feed.CloseWithError(p.pack(countingWriter{feed, &c.uploaded})) })
	_, err := r.run(ctx, p.receive("gzip -dc"), packed)
	packed.Close() // ends the packing where the host has not taken all
	packing.Wait()
	return err
}

// countingWriter counts what passes through it.
type countingWriter struct {
	io.Writer
	n *atomic.Int64
}

func (w countingWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.n.Add(int64(n))
	return n, err
}

// receive is the shell command that takes in the binary from what another prints, checks it, and gives it its name:
// whatever happens in between, a file under that name is the binary.
func (p parcel) receive(source string) string {
	return fmt.Sprintf(`set -e; mkdir -p %[1]s; t=%[2]s.$$; trap 'rm -f $t' EXIT; %[3]s > $t; `+
		`echo "%[4]s  $t" | sha256sum -c --status; chmod 755 $t; mv $t %[2]s`, binFolder, p.path(), source, p.sum)
}

// upload sees to it that a host has the binary. The first host that needs it gets it from here, the others from that
// one, so that the operator's link carries it once.
func (c *Cluster) upload(ctx context.Context, r *remote) (parcel, error) {
	p, err := c.parcels.of(r.arch)
	if err != nil {
		return p, err
	}
	c.mothers.queue(ctx, r.host.Role)
	mother, isMother := c.mothers.claim(r.arch, r.host.Role)
	_, err = r.run(ctx, fmt.Sprintf(`echo "%s  %s" | sha256sum -c --status`, p.sum, p.path()), nil)
	if present := err == nil; !present {
		if !isMother {
			if err := mother.fetch(ctx, r, p); err == nil {
				return p, nil
			} else if ctx.Err() != nil {
				return p, context.Cause(ctx)
			} else {
				c.Log.Warn("fetching the worker from another host failed: uploading it", "host", r.host.Name, "err", err)
			}
		}
		if err = c.send(ctx, r, p); err != nil {
			err = fmt.Errorf("upload worker: %w", err)
		}
	} else {
		err = nil
	}
	if isMother {
		if err != nil {
			mother.fail(err)
		} else if shared := mother.serve(r, p); shared != nil {
			c.Log.Warn("the first host does not hand on the worker: every host gets it from here", "host", r.host.Name, "err", shared)
		}
	}
	return p, err
}
