package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"flashmob/flow"
)

// Names of the files in a result folder. The results' own name stands in the Run.
const (
	ManifestFile = "manifest.json"
	RejectsFile  = "rejects.csv"
	JournalFile  = "journal.jsonl"
	partial      = ".partial"
	WorkFolder   = ".work"
)

// Kinds of parts.
const (
	Header  = "header"  // the header line of an input; of later inputs it makes no output
	Records = "records" // a batch of records
	Join    = "join"    // the line end between an input that lacks its last one and the next input; covers nothing
	Title   = "title"   // the results' own header line, where it is not the input's; covers nothing
	Merged  = "merged"  // results that are made of all input together, in order; covers nothing
)

// Part is the results of one batch, and the batch that they are the results of.
type Part struct {
	Kind   string `json:"kind"`
	Input  int    `json:"input"`  // index into the run's inputs
	Offset int64  `json:"offset"` // of the batch in its input, decompressed: bytes, or rows of a generated one
	Length int64  `json:"length"`
	flow.Tally
	InputHash    string `json:"input_xxh64,omitempty"`   // of the batch's bytes; empty for a generated input
	Bytes        int64  `json:"bytes"`                   // that the part takes in the results file
	SHA256       string `json:"sha256"`                  // of those bytes
	RejectBytes  int64  `json:"reject_bytes,omitempty"`  // that it takes in the rejects file
	RejectSHA256 string `json:"reject_sha256,omitempty"` // of those bytes
	Open         bool   `json:"open,omitempty"`          // its last line has no line end
}

// covers reports whether the part is a batch's, and so covers a range of its input.
func (p Part) covers() bool { return p.Kind != Join && p.Kind != Title && p.Kind != Merged }

// End returns the offset just past the part's batch.
func (p Part) End() int64 { return p.Offset + p.Length }

// Phase is a stretch of a run's time.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Exchange is what has crossed over to the owners of a keyed stage's state, or from the last of them into the results.
type Exchange struct {
	Stage    string `json:"stage"`    // the keyed stage's name; ResultsStage for the last
	Messages int64  `json:"messages"` // repeated ones included
	Bytes    int64  `json:"bytes"`
}

// ResultsStage is the Exchange.Stage of what owners made of their state.
const ResultsStage = "results"

// Rejects describes the rejects file.
type Rejects struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Manifest is the account of a finished run.
type Manifest struct {
	Run
	Started  time.Time  `json:"started"`
	Finished time.Time  `json:"finished"`
	Sittings int        `json:"sittings"` // how often the run was begun or resumed
	Phases   []Phase    `json:"phases"`   // of the last sitting
	Totals   flow.Tally `json:"totals"`
	Summary  []string   `json:"summary,omitempty"`  // what there is to say of the results in a few lines
	Exchange []Exchange `json:"exchange,omitempty"` // by stage, of the last sitting; where there are keyed stages
	Bytes    int64      `json:"bytes"`              // of the results
	Files    []File     `json:"files,omitempty"`    // that they lie in, where they are split; Run.Results is none of them then
	Rejects  *Rejects   `json:"rejects,omitempty"`
	Parts    []Part     `json:"parts"`
	Digest   string     `json:"digest,omitempty"` // sha256 of this file's JSON without the digest
}

// seal computes the manifest's digest.
func (m Manifest) seal() (string, error) {
	m.Digest = ""
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("seal manifest: %w", err)
	}
	return hash(text), nil
}

// text returns the manifest as it stands in its file: one way to write it and no other.
func (m *Manifest) text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return append(text, '\n'), nil
}

// write seals the manifest and writes it to a file.
func (m *Manifest) write(path string) error {
	digest, err := m.seal()
	if err != nil {
		return err
	}
	m.Digest = digest
	text, err := m.text()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// hash returns the SHA-256 of text, in hexadecimal.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// ErrNoRun says that a folder holds no run of flashmob's.
var ErrNoRun = errors.New("no flashmob run here")

// Load reads the manifest of the finished run in dir.
func Load(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, ManifestFile), ErrNoRun)
	}
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, ManifestFile), err)
	}
	return m, nil
}
