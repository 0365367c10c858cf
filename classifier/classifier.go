package classifier

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"flashmob/flow"
)

// Name is what the application is called on the command line and in manifests.
const Name = "classifier"

// Settings are the application's knobs.
type Settings struct {
	// Slowness is how many times a record is hashed. Defaults to 10.
	Slowness int `json:"slowness,omitempty"`
	// Calibrate is the CPU time that a record takes at least, whatever the hashing took; the original's cost per row
	// was 3.5 ms. The scores stay the same. Defaults to 0, no more than the hashing takes.
	Calibrate time.Duration `json:"calibrate,omitempty"`
}

// check fills in the defaults and returns what is wrong with the rest.
func (s *Settings) check() error {
	if s.Slowness == 0 {
		s.Slowness = 10
	}
	if s.Slowness < 0 {
		return fmt.Errorf("slowness %d: must be 1 or more", s.Slowness)
	}
	if s.Calibrate < 0 {
		return fmt.Errorf("calibrate %s: must not be negative", s.Calibrate)
	}
	return nil
}

// Flow returns the application with the given settings.
func Flow(s Settings) (*flow.Flow, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	score := func(dst, record []byte) ([]byte, error) { return AppendScore(dst, record, s.Slowness), nil }
	if s.Calibrate > 0 {
		score = slowed(score, s.Calibrate)
	}
	f := flow.New(Name, flow.CSV).Column("CLASSIFICATION", score)
	f.Generator = &flow.Generator{Header: []byte(Header), Row: AppendRow}
	return f, nil
}

// scratchLimit is how large the repeated record may grow in memory; beyond it the hash is fed piece by piece.
const scratchLimit = 64 << 10

// AppendScore appends the record's score to dst, in decimal.
func AppendScore(dst, record []byte, slowness int) []byte {
	var digest [sha256.Size]byte
	if n := len(record) * slowness; n <= scratchLimit {
		// One call over the repeated record beats many small ones: the hash keeps to its wide inner loop.
		scratch := dst
		for range slowness {
			scratch = append(scratch, record...)
		}
		digest = sha256.Sum256(scratch[len(dst):])
		dst = scratch[:len(dst)]
	} else {
		h := sha256.New()
		for range slowness {
			h.Write(record)
		}
		h.Sum(digest[:0])
	}
	score := float64(binary.BigEndian.Uint64(digest[:])>>11) / (1 << 53)
	return strconv.AppendFloat(dst, score, 'g', -1, 64)
}
