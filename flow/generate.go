package flow

// Generator makes input for a flow: rows of its own, numbered from 0, each a function of the seed and its number
// alone, so that any worker can make any stretch of them.
type Generator struct {
	Header []byte                                        // the header line, without a line end; nil for none
	Row    func(dst []byte, seed uint64, i int64) []byte // appends row i, without a line end
}

// Append appends rows [from, to) to dst, each ended by a LF.
func (g *Generator) Append(dst []byte, seed uint64, from, to int64) []byte {
	for i := from; i < to; i++ {
		dst = append(g.Row(dst, seed, i), '\n')
	}
	return dst
}

// Weight is about how many bytes the first rows have, with their line ends: all are like some of them.
func (g *Generator) Weight(seed uint64, rows int64) int64 {
	const some = 1000
	if rows <= 0 {
		return 0
	}
	n := min(rows, some)
	var bytes int64
	for i := range n { // from all of the stretch: numbers grow longer
		bytes += int64(len(g.Append(nil, seed, i*rows/n, i*rows/n+1)))
	}
	return bytes * rows / n
}
