package manifest

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// checkRejects hashes the rejects file, and counts and places the rejects of each part.
func (m *Manifest) checkRejects(dir string) error {
	path := filepath.Join(dir, RejectsFile)
	if m.Rejects == nil {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return brokenf("there is a %s, but nothing was rejected", RejectsFile)
		}
		if m.Totals.Rejected > 0 {
			return brokenf("%d records were rejected, but there is no file of them", m.Totals.Rejected)
		}
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return brokenf("%s: %v", RejectsFile, cause(err))
	}
	if sum := hash(text); sum != m.Rejects.SHA256 {
		return brokenf("%s was changed: its hash is %.8s, want %.8s", RejectsFile, sum, m.Rejects.SHA256)
	}
	if int64(len(text)) != m.Rejects.Bytes {
		return brokenf("%s has %d bytes, want %d", RejectsFile, len(text), m.Rejects.Bytes)
	}
	rest, ok := bytes.CutPrefix(text, []byte(rejectsHeader))
	if !ok {
		return brokenf("%s does not begin with its header", RejectsFile)
	}
	for i, p := range m.Parts {
		if p.RejectBytes > int64(len(rest)) {
			return brokenf("%s ends before the rejects of part %d", RejectsFile, i)
		}
		if err := m.checkPartRejects(i, rest[:p.RejectBytes]); err != nil {
			return err
		}
		rest = rest[p.RejectBytes:]
	}
	if len(rest) > 0 {
		return brokenf("%s goes on behind the rejects of the last part", RejectsFile)
	}
	return nil
}

// checkPartRejects makes sure that text is the rejects of part i: as many as it says, all of its range.
func (m *Manifest) checkPartRejects(i int, text []byte) error {
	p := m.Parts[i]
	if len(text) > 0 && hash(text) != p.RejectSHA256 {
		return brokenf("the rejects of part %d do not have its hash", i)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return brokenf("%s: %v", RejectsFile, err)
	}
	if int64(len(records)) != p.Rejected {
		return brokenf("%s has %d records of part %d, want %d", RejectsFile, len(records), i, p.Rejected)
	}
	for _, r := range records {
		if len(r) != 5 {
			return brokenf("%s: %d columns, want 5", RejectsFile, len(r))
		}
		at, err := strconv.ParseInt(r[2], 10, 64)
		if err != nil || r[0] != m.Inputs[p.Input].URI || at < p.Offset || at >= p.End() {
			return brokenf("%s has a record of %s at %s among those of part %d", RejectsFile, r[0], r[2], i)
		}
	}
	return nil
}
