package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
)

// ErrBroken says that a result folder is not what its manifest says.
var ErrBroken = errors.New("not what the manifest says")

// brokenf returns an ErrBroken that says what is wrong.
func brokenf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

// Verify checks the finished run in dir against its manifest, and, if inputs are named, that they are what was
// processed. It returns the manifest, and an ErrBroken for everything that is wrong.
func Verify(ctx context.Context, dir string, inputs []string) (*Manifest, error) {
	return VerifyWith(ctx, dir, inputs, nil)
}

// VerifyWith is Verify for inputs among which there are some in S3.
func VerifyWith(ctx context.Context, dir string, inputs []string, s3 input.Resolver) (*Manifest, error) {
	state, err := Look(dir)
	if err != nil {
		return nil, err
	}
	if state == Begun {
		return nil, fmt.Errorf("verify %s: %w", dir, ErrUnfinished)
	}
	m, err := Load(dir)
	if err != nil {
		return nil, err
	}
	problems := []error{m.checkText(dir)}
	err = m.checkRanges()
	if err == nil {
		err = m.checkTotals()
	}
	if problems = append(problems, err); err == nil { // what contradicts itself says nothing about the files
		problems = append(problems, m.checkRejects(dir), m.checkResults(ctx, dir))
		if len(inputs) > 0 {
			problems = append(problems, m.checkInputs(inputs, s3))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return m, fmt.Errorf("verify %s: %w", dir, err)
	}
	return m, nil
}

// ErrUnfinished says that the run in a folder is not finished.
var ErrUnfinished = errors.New("the run is not finished")

// checkText makes sure that the manifest's file is as it was written, down to the byte: a misspelt name would not change
// what is read from it, nor the digest.
func (m *Manifest) checkText(dir string) error {
	digest, err := m.seal()
	if err != nil {
		return err
	}
	if digest != m.Digest {
		return brokenf("%s itself was changed: its digest is %.12s, it says %.12s", ManifestFile, digest, m.Digest)
	}
	want, err := m.text()
	if err != nil {
		return err
	}
	if text, err := os.ReadFile(filepath.Join(dir, ManifestFile)); err != nil || !bytes.Equal(text, want) {
		return errors.Join(brokenf("%s itself was changed: it is not as it was written", ManifestFile), err)
	}
	return nil
}

// checkRanges makes sure that the parts cover every input from front to end, each byte once.
func (m *Manifest) checkRanges() error {
	cover := newCoverage(m.Run)
	for _, p := range m.Parts {
		if err := cover.add(p); err != nil {
			return err
		}
	}
	return cover.whole()
}

// checkTotals adds the parts up.
func (m *Manifest) checkTotals() error {
	var sum flow.Tally
	var size int64
	for i, p := range m.Parts {
		if err := m.checkCounts(p); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
		sum.Add(p.Tally)
		size += p.Bytes
	}
	if sum != m.Totals {
		return brokenf("the parts add up to %+v, the totals are %+v", sum, m.Totals)
	}
	if size != m.Bytes {
		return brokenf("the parts add up to %d bytes, the results are said to have %d", size, m.Bytes)
	}
	return nil
}

// checkCounts makes sure that a part's numbers agree with one another.
func (m *Manifest) checkCounts(p Part) error {
	switch {
	case min(p.In, p.Out, p.Rejected, p.Emitted, p.Lines, p.Bytes, p.RejectBytes) < 0 || p.Bytes > m.Bytes:
		return brokenf("impossible counts: %+v, %d bytes, %d of rejects", p.Tally, p.Bytes, p.RejectBytes)
	case p.In != p.Out+p.Rejected:
		return brokenf("%d records in, %d out, %d rejected", p.In, p.Out, p.Rejected)
	case p.covers() && p.Kind != Records && p.Kind != Header:
		return brokenf("unknown kind %q", p.Kind)
	case p.Kind != Records && (p.In > 0 || p.Kind != Merged && p.Emitted > 0):
		return brokenf("a %s with %d records", p.Kind, max(p.In, p.Emitted))
	case p.Kind == Records && m.Inputs[p.Input].IsGenerated() && p.In != p.Length:
		return brokenf("%d records in, of %d rows", p.In, p.Length)
	}
	return nil
}

// checkResults hashes and counts every part of the results, several at a time. It says what is wrong with the first part
// that is broken, whichever is looked at first.
func (m *Manifest) checkResults(ctx context.Context, dir string) error {
	file, err := m.openResults(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	var found atomic.Bool
	problems := make([]error, len(m.Parts))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	var offset int64
	open := false // the results so far end in the middle of a line
	for i, p := range m.Parts {
		if ctx.Err() != nil || found.Load() { // every part before the one that was found is being looked at, or was
			break
		}
		at, behindOpen := offset, open
		if offset += p.Bytes; p.Bytes > 0 {
			open = p.Open
		}
		group.Go(func() error {
			err := m.checkBody(file, p, at, behindOpen)
			if err != nil {
				problems[i] = fmt.Errorf("part %d at byte %d of %s: %w", i, at, m.Results, err)
				found.Store(true)
			}
			return nil
		})
	}
	group.Wait()
	for _, problem := range problems {
		if problem != nil {
			return problem
		}
	}
	return context.Cause(ctx)
}

// checkBody reads a part at a byte of the results, and checks it.
func (m *Manifest) checkBody(file io.ReaderAt, p Part, at int64, behindOpen bool) error {
	body := make([]byte, p.Bytes)
	if _, err := file.ReadAt(body, at); err != nil {
		return brokenf("%v", cause(err))
	}
	return m.checkPart(p, body, behindOpen)
}

// checkPart hashes a part and counts its records. behindOpen says that it follows a line without an end.
func (m *Manifest) checkPart(p Part, body []byte, behindOpen bool) error {
	if sum := hash(body); sum != p.SHA256 {
		return brokenf("its hash is %.8s, want %.8s", sum, p.SHA256)
	}
	text, err := m.unpack(body)
	if err != nil {
		return brokenf("%v", err)
	}
	if open := len(text) > 0 && text[len(text)-1] != '\n'; open != p.Open {
		return brokenf("that its last line has no end is %t, want %t", open, p.Open)
	}
	if p.Kind == Join {
		want := ""
		if behindOpen {
			want = "\n"
		}
		if string(text) != want {
			return brokenf("it joins with %.20q, want %q", text, want)
		}
		return nil
	}
	if behindOpen && len(text) > 0 {
		return brokenf("it begins in the middle of a line")
	}
	want := p.Emitted
	if p.Kind == Title || p.Kind == Header && p.Bytes > 0 {
		want++
	}
	if p.Input == 0 && p.Offset == 0 { // in front of the results it belongs to no record
		text = bytes.TrimPrefix(text, []byte(flow.BOM))
	}
	if n := countRecords(m.source(), text); n != want {
		return brokenf("it has %d records, want %d", n, want)
	}
	return nil
}

// inputSource returns what the records of the run's inputs are.
func (m *Manifest) inputSource() flow.Source {
	source, ok := flow.SourceOf(m.Format)
	switch {
	case !ok:
		return m.source()
	case source.Format() == flow.CSV.Format():
		return m.csv()
	}
	return source
}

// source returns what the records of the run's results are.
func (m *Manifest) source() flow.Source {
	if strings.Contains(m.Results, ".csv") {
		return m.csv()
	}
	return flow.Lines
}

// csv returns the run's kind of CSV.
func (m *Manifest) csv() flow.Source {
	if s, err := flow.CSV.Dialect(m.Delimiter, m.Quote); err == nil { // else what is counted tells
		return s
	}
	return flow.CSV
}

// unpack decompresses a part.
func (m *Manifest) unpack(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var r io.Reader = bytes.NewReader(body)
	switch filepath.Ext(m.Results) {
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = z
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	}
	return io.ReadAll(r)
}

// countRecords counts the records in text, the last of which may lack its line end.
func countRecords(source flow.Source, text []byte) int64 {
	c := counter{cutter: source.Cutter()}
	c.Write(text)
	return c.records()
}

// counter counts the records and lines that are written to it.
type counter struct {
	cutter *flow.Cutter
	ended  int64 // records
	tail   bool  // something stands behind the last of them
	lines  int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.lines += int64(bytes.Count(p, []byte{'\n'}))
	for rest := p; len(rest) > 0; {
		end, ok := c.cutter.Next(rest)
		if rest, c.tail = rest[end:], !ok; ok {
			c.ended++
		}
	}
	return len(p), nil
}

// records returns how many records there were, if nothing follows.
func (c *counter) records() int64 {
	if c.tail {
		return c.ended + 1
	}
	return c.ended
}
