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

// parcel is a file that every host needs and that the operator's link carries once: the worker's binary for an
// architecture, or the bundle of the run's files.
type parcel struct {
	what  string // for people, and for its mother
	sum   string // SHA-256
	size  int64  // bytes
	local string // the file, here
	dir   string // its folder on a host, under the login's home
	name  string // its name there, which carries its hash: what has the name has the content
	mode  string
}

// Where parcels lie on a host, under the login's home.
const (
	binFolder   = ".flashmob/bin"
	filesFolder = ".flashmob/files"
)

func (p parcel) path() string { return p.dir + "/" + p.name }

// parcels are the workers' binaries, hashed once an architecture, by whoever needs one first.
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
	local, err := p.program(arch)
	if err != nil {
		return parcel{}, err
	}
	sum, size, err := sumOf(local)
	if err != nil {
		return parcel{}, fmt.Errorf("worker program: %w", err)
	}
	if p.byArch == nil {
		p.byArch = map[string]parcel{}
	}
	p.byArch[arch] = parcel{
		what: "worker for " + arch, sum: sum, size: size, local: local, dir: binFolder, name: "worker-" + sum[:16], mode: "755",
	}
	return p.byArch[arch], nil
}

// sumOf returns a file's SHA-256 and its size.
func sumOf(path string) (sum string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	h := sha256.New()
	if size, err = io.Copy(h, file); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// send sends the parcel over the operator's link, packed with gzip, which every host can unpack.
func (c *Cluster) send(ctx context.Context, r *remote, p parcel) error {
	file, err := os.Open(p.local)
	if err != nil {
		return err
	}
	defer file.Close()
	if r.host.IsLocal() { // no link is spared
		_, err := r.run(ctx, p.receive("cat"), file)
		return err
	}
	reader, writer := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := pack(counting{writer, &c.uploaded}, file)
		writer.CloseWithError(err)
		packed <- err
	}()
	_, err = r.run(ctx, p.receive("gzip -dc"), reader)
	reader.Close()
	if packing := <-packed; err == nil {
		err = packing
	}
	return err
}

// pack writes what source has, packed. The compressor's output comes in bits of a few bytes, each of which would be a
// packet of its own.
func pack(w io.Writer, source io.Reader) error {
	whole := bufio.NewWriterSize(w, 256<<10)
	packer, err := gzip.NewWriterLevel(whole, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(packer, source); err != nil {
		return err
	}
	if err := packer.Close(); err != nil {
		return err
	}
	return whole.Flush()
}

// counting counts what is written.
type counting struct {
	io.Writer
	n *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n.Add(int64(n))
	return n, err
}

// receive is the shell command that takes in a parcel from what another prints, checks it, and gives it its name:
// whatever happens in between, a file under that name is the parcel.
func (p parcel) receive(source string) string {
	return fmt.Sprintf(`set -e; mkdir -p %[1]s; t=%[2]s.$$; trap 'rm -f $t' EXIT; %[3]s > $t; `+
		`echo "%[4]s  $t" | sha256sum -c --status; chmod %[5]s $t; mv $t %[2]s`, p.dir, p.path(), source, p.sum, p.mode)
}

// isPresent is the shell command that succeeds on a host that has the parcel. Only what was checked whole has its name; its
// size is looked at again, for a host that lost power may have lost what it had not written out. Hashing it every time
// would take each host a tenth of a second.
func (p parcel) isPresent() string {
	return fmt.Sprintf(`[ "$(wc -c < %[1]s)" -eq %[2]d ] 2>/dev/null`, p.path(), p.size)
}

// upload sees to it that a host has the worker's binary, and the run's files in its working folder.
func (c *Cluster) upload(ctx context.Context, r *remote) (program parcel, err error) {
	if program, err = c.parcels.of(r.arch); err != nil {
		return program, err
	}
	if err := c.deliver(ctx, r, program, program); err != nil {
		return program, fmt.Errorf("upload worker: %w", err)
	}
	if c.bundle != nil {
		if err := c.deliver(ctx, r, *c.bundle, program); err != nil {
			return program, fmt.Errorf("upload files: %w", err)
		}
	}
	if _, err := r.run(ctx, c.unpack(), nil); err != nil {
		return program, fmt.Errorf("make working folder: %w", err)
	}
	return program, nil
}

// deliver sees to it that a host has a parcel. The first host that needs it gets it from here, the others from that
// one, so that the operator's link carries it once. program is the worker's binary for the host, which hands it on.
func (c *Cluster) deliver(ctx context.Context, r *remote, p, program parcel) error {
	if r.host.IsLocal() { // no link is spared
		if _, err := r.run(ctx, p.isPresent(), nil); err == nil {
			return nil
		}
		return c.send(ctx, r, p)
	}
	c.mothers.queue(ctx, r.host.Role)
	mother, isMother := c.mothers.claim(p.what, r.host.Role)
	_, err := r.run(ctx, p.isPresent(), nil)
	if present := err == nil; !present {
		if !isMother {
			if err := mother.fetch(ctx, r, p); err == nil {
				return nil
			} else if ctx.Err() != nil {
				return context.Cause(ctx)
			} else {
				c.Log.Warn("fetching from another host failed: uploading it", "host", r.host.Name, "what", p.what, "err", err)
			}
		}
		err = c.send(ctx, r, p)
	}
	if isMother {
		if err != nil {
			mother.fail(err)
		} else if shared := mother.serve(r, p, program); shared != nil {
			c.Log.Warn("the first host hands nothing on: every host gets it from here", "host", r.host.Name, "what", p.what, "err", shared)
		}
	}
	return err
}
