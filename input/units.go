package input

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A compressed file may be many in a row: gzip members as bgzip writes them, which say how long they are, or zstd frames, from
// whose headers or seek table that can be learned without unpacking. Such a file can be read from many places at once.

// unit is a stretch of a compressed file that can be unpacked by itself.
type unit struct {
	at   int64 // where it begins in the file
	from int64 // where what it holds begins, of all that the file holds
}

const (
	// unitLeast is how much a unit should hold: shorter members and frames are taken together.
	unitLeast = 256 << 10
	// unitMost is how much a unit may hold: who wants its last byte has to unpack all of it.
	unitMost = 16 << 20
)

// units are those of a file, and behind the last one where all ends.
type units []unit

// size returns how much all units hold.
func (u units) size() int64 { return u[len(u)-1].from }

// find returns the unit that an offset lies in.
func (u units) find(offset int64) int {
	return sort.Search(len(u)-1, func(i int) bool { return u[i+1].from > offset })
}

// index collects units while a file is walked through.
type index struct {
	units
	at, from int64 // where the next member or frame begins
}

// add takes in a member or a frame. It returns false for one that holds too much.
func (x *index) add(stored, holds int64) bool {
	if n := len(x.units); n == 0 || x.from-x.units[n-1].from >= unitLeast || x.from+holds-x.units[n-1].from > unitMost {
		x.units = append(x.units, unit{x.at, x.from})
	}
	x.at, x.from = x.at+stored, x.from+holds
	return holds >= 0 && holds <= unitMost
}

// unitsOf returns the units of a compressed file; nil where there are not two, or nothing that can be relied on tells them apart.
func unitsOf(f io.ReaderAt, size int64, codec string) units {
	x := &index{}
	switch codec {
	case "gzip":
		if !x.members(f, size) {
			return nil
		}
	case "zstd":
		if !x.seekTable(f, size) {
			if x = (&index{}); !x.frames(f, size) {
				return nil
			}
		}
	default:
		return nil
	}
	if x.at != size || len(x.units) < 2 {
		return nil
	}
	return append(x.units, unit{x.at, x.from})
}

// members walks through gzip members that have bgzip's field with their length.
func (x *index) members(f io.ReaderAt, size int64) bool {
	var head [18]byte
	var tail [4]byte
	for x.at < size {
		if _, err := f.ReadAt(head[:], x.at); err != nil || !bytes.Equal(head[:4], []byte{0x1f, 0x8b, 8, 4}) || !bytes.Equal(head[10:16], []byte{6, 0, 'B', 'C', 2, 0}) {
			return false
		}
		stored := int64(binary.LittleEndian.Uint16(head[16:])) + 1
		if _, err := f.ReadAt(tail[:], x.at+stored-4); err != nil || !x.add(stored, int64(binary.LittleEndian.Uint32(tail[:]))) {
			return false
		}
	}
	return true
}

const (
	seekTableMagic = 0x8F92EAB1
	skippableMagic = 0x184D2A5E
	seekFooter     = 9
	seekTableMost  = 64 << 20
)

// seekTable reads the table at the end of a file in zstd's seekable format.
func (x *index) seekTable(f io.ReaderAt, size int64) bool {
	var footer [seekFooter]byte
	if _, err := f.ReadAt(footer[:], size-seekFooter); err != nil || binary.LittleEndian.Uint32(footer[5:]) != seekTableMagic {
		return false
	}
	entry := int64(8)
	if footer[4]&0x80 != 0 {
		entry = 12 // with a checksum
	}
	table := int64(binary.LittleEndian.Uint32(footer[:])) * entry
	begin := size - seekFooter - table - 8
	if table > seekTableMost || begin < 0 {
		return false
	}
	text := make([]byte, 8+table)
	if _, err := f.ReadAt(text, begin); err != nil || binary.LittleEndian.Uint32(text) != skippableMagic {
		return false
	}
	for text = text[8:]; len(text) > 0; text = text[entry:] {
		if !x.add(int64(binary.LittleEndian.Uint32(text)), int64(binary.LittleEndian.Uint32(text[4:]))) {
			return false
		}
	}
	if x.at != begin {
		return false
	}
	x.at = size // the table itself holds nothing
	return true
}

// frames walks through zstd frames that say how much they hold.
func (x *index) frames(f io.ReaderAt, size int64) bool {
	buf := make([]byte, zstd.HeaderMaxSize)
	for x.at < size {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-x.at)], x.at)
		if err != nil && err != io.EOF {
			return false
		}
		var h zstd.Header
		if h.Decode(buf[:n]) != nil {
			return false
		}
		if h.Skippable {
			x.at += int64(h.HeaderSize) + int64(h.SkippableSize)
			continue
		}
		end, ok := blocksEnd(f, x.at+int64(h.HeaderSize))
		if !ok || !h.HasFCS || h.FrameContentSize > unitMost {
			return false
		}
		if h.HasCheckSum {
			end += 4
		}
		if !x.add(end-x.at, int64(h.FrameContentSize)) {
			return false
		}
	}
	return true
}

// blocksEnd returns where the blocks of a zstd frame end, the first of which begins at an offset.
func blocksEnd(f io.ReaderAt, at int64) (end int64, ok bool) {
	var head [3]byte
	for {
		if _, err := f.ReadAt(head[:], at); err != nil {
			return 0, false
		}
		h := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16
		stored := h >> 3
		if h>>1&3 == 1 { // a byte that is repeated
			stored = 1
		}
		if at += 3 + stored; h&1 == 1 {
			return at, true
		}
	}
}

// unpacking reads a range of what a file holds, unit by unit.
type unpacking struct {
	in     Input
	file   *os.File
	units  units
	at, to int64
	unit   int       // that r is of
	r      io.Reader // nil before the next unit
	free   func()
}

// errUnit says that a unit does not hold as much as the file says.
var errUnit = errors.New("a part of it does not hold as much as it says")

// Read reads on.
func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("input %q: %w", u.in.URI, cause(err))
	}
	return n, err
}

func (u *unpacking) read(p []byte) (int, error) {
	for u.at < u.to {
		if u.r == nil {
			if err := u.open(); err != nil {
				return 0, err
			}
		}
		end := u.units[u.unit+1].from
		n, err := u.r.Read(p[:min(int64(len(p)), min(end, u.to)-u.at)])
		u.at += int64(n)
		switch {
		case err == io.EOF && u.at < min(end, u.to):
			return n, errUnit
		case err != nil && err != io.EOF:
			return n, err
		case u.at == end: // what a unit holds beyond would be lost
			if extra, err := io.CopyN(io.Discard, u.r, 1); extra > 0 || err != io.EOF {
				return n, errors.Join(errUnit, err)
			}
			u.close()
		}
		if n > 0 {
			return n, nil
		}
	}
	u.close()
	return 0, io.EOF
}

// open begins with the unit that the next byte lies in.
func (u *unpacking) open() error {
	u.unit = u.units.find(u.at)
	from, to := u.units[u.unit], u.units[u.unit+1]
	stored := io.NewSectionReader(u.file, from.at, to.at-from.at)
	switch codecOf(u.in.URI) {
	case "gzip":
		z, err := gzip.NewReader(stored)
		if err != nil {
			return err
		}
		u.r = z
	case "zstd":
		z, err := zstd.NewReader(stored, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return err
		}
		u.r, u.free = z, z.Close
	}
	if _, err := io.CopyN(io.Discard, u.r, u.at-from.from); err != nil {
		return fmt.Errorf("unpack: %w", unexpected(err))
	}
	return nil
}

func (u *unpacking) close() {
	if u.free != nil {
		u.free()
	}
	u.r, u.free = nil, nil
}
