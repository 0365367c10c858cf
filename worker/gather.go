package worker

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"flashmob/flow"
	"flashmob/manifest"
)

// gatherer puts parts in order and appends them to the result folder. Not for concurrent use.
type gatherer struct {
	folder *manifest.Folder
	depot  depot
	packer *packer // of what it adds itself

	input  int                 // the input that the next part is of
	next   int64               // the offset that it begins at
	ends   map[int]int64       // where inputs end, as far as known
	held   map[int][]heldPart  // parts that came before their turn, by input, in order of their offsets
	lines  int64               // LFs in the input so far
	open   bool                // the results end in the middle of a line
	head   []byte              // the results' header line that an operator gave; nil until there is one
	heads  bool                // the folder has it
	tell   func([]byte) error  // gets the results as they are appended, uncompressed, where owners make them; nil for nobody
	early  map[Place]early     // outputs of batches whose parts have not come, by batch and partition
	late   int64               // parts that were dropped, their range being covered already
	refuse func(reason string) // gets the reason of every record that is rejected; nil for nobody

	keep      bool       // parts and outputs stay in the log to the end: another host's gatherer would begin with them
	scattered *scattered // where parts are appended as they come; nil where they are in the order of the input
}

// heldPart is a part and its body, unless that waits in the depot.
type heldPart struct {
	Part
	body    []byte
	missing int            // partitions whose outputs have not come
	results []byte         // made of them
	lines   []byte         // the same, uncompressed, where somebody wants them
	outputs map[int][]byte // by partition, where owners of keys make the results; nil where the slot made them

	seq      uint64    // of the delivery that brought it; 0 where a message did
	receipts []receipt // of the messages that brought it and its outputs
}

// arrival is how a part came: with a message, or as a delivery of the exchange.
type arrival struct {
	msg      jetstream.Msg
	seq      uint64
	segments []int64 // where owners of keys make the results: which have something to add
}

// newGatherer returns a gatherer that goes on behind what the folder has.
func newGatherer(folder *manifest.Folder, d depot, begin func(input int) int64) (*gatherer, error) {
	packer, err := newPacker(folder.Run.Compress)
	if err != nil {
		return nil, err
	}
	g := &gatherer{folder: folder, depot: d, packer: packer, ends: map[int]int64{}, held: map[int][]heldPart{}, early: map[Place]early{}}
	if len(folder.Run.Inputs) > 0 {
		g.next = begin(0)
	}
	if folder.Run.Unordered() {
		g.scattered = newScattered(len(folder.Run.Inputs), begin)
	}
	for _, part := range folder.Parts {
		g.restored(part)
	}
	return g, nil
}

// accept takes in a part that came. It reports whether the part was the first for its range.
func (g *gatherer) accept(part Part, body []byte, came arrival) (first bool, err error) {
	b := part.Batch
	if g.covered(b) {
		g.late++
		if brokenSecond {
			return false, g.double(heldPart{Part: part, body: body})
		}
		if err := g.discard(part); err != nil {
			return false, err
		}
		return false, g.pay(receipt{msg: came.msg})
	}
	held := g.held[b.Input]
	at, _ := slices.BinarySearchFunc(held, b.Offset, func(h heldPart, offset int64) int { return int(min(max(h.Batch.Offset-offset, -1), 1)) })
	fresh := heldPart{Part: part, body: body, seq: came.seq, receipts: []receipt{{msg: came.msg}}}
	g.held[b.Input] = slices.Insert(held, at, g.expect(fresh, came.segments))
	return true, nil
}

// covered reports whether any of the batch's range has been appended or is held.
func (g *gatherer) covered(b Batch) bool {
	if g.scattered != nil {
		if _, there := g.scattered.there.find(b); there {
			return true
		}
	} else if b.Input < g.input || b.Input == g.input && b.Offset < g.next {
		return true
	}
	for _, h := range g.held[b.Input] {
		if h.Batch.Offset < b.end() && b.Offset < h.Batch.end() {
			return true
		}
	}
	return false
}

// discard forgets what waits in the depot for a part that came second, unless it is the held one that came once more: the log
// may have a message twice, when its first reply was lost.
func (g *gatherer) discard(part Part) error {
	for _, h := range g.held[part.Batch.Input] {
		if h.Ref != "" && h.Ref == part.Ref {
			return nil
		}
	}
	return g.drop(part)
}

// drop forgets what waits in the depot for a part.
func (g *gatherer) drop(part Part) error {
	if part.Batch.Ref != "" {
		if err := g.depot.Drop(part.Batch.Ref); err != nil {
			return err
		}
	}
	if part.Ref != "" && !g.keep {
		return g.depot.Drop(part.Ref)
	}
	return nil
}

// advance appends every part whose turn it is, moving on to the next input where one ends. begin says where an input begins.
func (g *gatherer) advance(begin func(input int) int64) error {
	if g.scattered != nil {
		return g.advanceScattered(begin)
	}
	for g.input < len(g.folder.Run.Inputs) {
		if end, known := g.ends[g.input]; known && g.next >= end {
			delete(g.held, g.input)
			g.input, g.lines = g.input+1, 0
			if g.input < len(g.folder.Run.Inputs) {
				g.next = begin(g.input)
			}
			continue
		}
		held := g.held[g.input]
		if len(held) == 0 || held[0].Batch.Offset != g.next || held[0].missing > 0 {
			return nil
		}
		g.held[g.input] = held[1:]
		if err := g.append(held[0]); err != nil {
			return err
		}
	}
	return nil
}

// finished reports whether all inputs are gathered whole.
func (g *gatherer) finished() bool { return g.input >= len(g.folder.Run.Inputs) }

// append writes a part whose turn it is.
func (g *gatherer) append(part heldPart) error {
	b := part.Batch
	if err := g.merge(&part); err != nil {
		return err
	}
	if err := g.entitle(part.Part); err != nil {
		return err
	}
	if part.Results > 0 && g.open {
		if err := g.join(b); err != nil {
			return err
		}
	}
	err := g.folder.Append(manifest.Part{
		Kind: b.Kind, Input: b.Input, Offset: b.Offset, Length: b.Length, Tally: part.Tally,
		InputHash: part.InputHash, Bytes: part.Results, SHA256: part.SHA256, Open: part.Open,
	}, func(results *os.File) (lines []byte, err error) {
		own := part.Results // bytes of the body that are results
		if part.outputs != nil {
			if _, err := results.Write(part.results); err != nil {
				return nil, err
			}
			own = 0
		}
		var rejects []byte
		if part.Ref != "" {
			rejects, err = g.depot.Write(part.Ref, results, own)
		} else {
			rejects, err = writeHead(results, part.body, own)
		}
		if err != nil || len(rejects) == 0 {
			return nil, err
		}
		return g.rejectLines(b, rejects)
	})
	if err != nil {
		return err
	}
	if part.Results > 0 {
		g.open = part.Open
	}
	if g.tell != nil {
		if err := g.tell(part.lines); err != nil {
			return err
		}
	}
	g.passed(b, part.Tally.Lines)
	return g.settle(part)
}

// join ends the line that the results end in the middle of: the last of an input without a final line end.
func (g *gatherer) join(before Batch) error {
	return g.add(manifest.Part{Kind: manifest.Join, Input: before.Input, Offset: before.Offset}, []byte{'\n'})
}

// add appends a part that is not a batch's.
func (g *gatherer) add(part manifest.Part, text []byte) error {
	g.packer.begin(nil)
	if err := g.packer.write(text); err != nil {
		return err
	}
	g.packer.wrote = true // even of no text: an empty member still makes a readable file
	body, sum, err := g.packer.end()
	if err != nil {
		return err
	}
	part.SHA256, part.Bytes = sum, int64(len(body))
	return g.folder.Append(part, func(results *os.File) ([]byte, error) { return writeHead(results, body, part.Bytes) })
}

// seal makes sure that the results are readable even if there are none: nothing is not a valid compressed file.
func (g *gatherer) seal() error {
	if g.folder.Size() > 0 || g.folder.Run.Compress == "none" {
		return nil
	}
	return g.add(manifest.Part{Kind: manifest.Join, Input: max(g.input-1, 0), Offset: g.next}, nil)
}

// rejectLines writes rejects as CSV, with their positions in the input.
func (g *gatherer) rejectLines(b Batch, text []byte) ([]byte, error) {
	var rejects []flow.Reject
	if err := json.Unmarshal(text, &rejects); err != nil {
		return nil, fmt.Errorf("decode rejects: %w", err)
	}
	in := g.folder.Run.Inputs[b.Input]
	before := g.before(b)
	var lines bytes.Buffer
	w := csv.NewWriter(&lines)
	for _, r := range rejects {
		if g.refuse != nil {
			g.refuse(r.Reason)
		}
		offset := b.Offset + r.Offset
		if in.IsGenerated() {
			offset = b.Offset + r.Line
		}
		err := w.Write([]string{in.URI, strconv.FormatInt(before+r.Line+1, 10), strconv.FormatInt(offset, 10), r.Reason, string(r.Record)})
		if err != nil {
			return nil, fmt.Errorf("write rejects: %w", err)
		}
	}
	w.Flush()
	return lines.Bytes(), w.Error()
}
