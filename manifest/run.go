package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"flashmob/input"
)

// Run is the identity of a run: all that its results depend on, and its ID.
type Run struct {
	ID        string          `json:"run"`
	Version   string          `json:"version"`           // of flashmob
	Program   string          `json:"program,omitempty"` // build ID of the program, where it has one
	App       string          `json:"app"`
	Settings  json.RawMessage `json:"settings"`         // the application's
	Format    string          `json:"format,omitempty"` // of the inputs, as flow.Source names it
	NoHeader  bool            `json:"no_header,omitempty"`
	Delimiter string          `json:"delimiter,omitempty"` // of CSV, where it is no comma
	Quote     string          `json:"quote,omitempty"`     // of CSV, where it is not the usual one; "none" for none
	MaxRecord int             `json:"max_record"`          // bytes; longer records are rejected
	Compress  string          `json:"compress"`
	Results   string          `json:"results"`         // file name
	Order     string          `json:"order,omitempty"` // of the results: the inputs', or NoOrder
	Inputs    []input.Input   `json:"inputs"`
}

// NoOrder is the Run.Order of results that stand in the order in which they came to be.
const NoOrder = "none"

// Unordered reports whether the results stand in the order in which they came to be.
func (r Run) Unordered() bool { return r.Order == NoOrder }

// Difference says in what b differs from r, other than its ID, or "" if b would give the same results.
func (r Run) Difference(b Run) string {
	switch {
	case r.App != b.App:
		return fmt.Sprintf("app: was %s, is %s", r.App, b.App)
	case !bytes.Equal(compact(r.Settings), compact(b.Settings)):
		return fmt.Sprintf("settings of %s: were %s, are %s", r.App, compact(r.Settings), compact(b.Settings))
	case r.NoHeader != b.NoHeader:
		return fmt.Sprintf("no-header: was %t, is %t", r.NoHeader, b.NoHeader)
	case r.Delimiter != b.Delimiter:
		return fmt.Sprintf("delimiter: was %q, is %q", r.Delimiter, b.Delimiter)
	case r.Quote != b.Quote:
		return fmt.Sprintf("quote: was %q, is %q", r.Quote, b.Quote)
	case r.MaxRecord != b.MaxRecord:
		return fmt.Sprintf("max-record: was %d, is %d", r.MaxRecord, b.MaxRecord)
	case r.Compress != b.Compress:
		return fmt.Sprintf("compress: was %s, is %s", r.Compress, b.Compress)
	case r.Order != b.Order:
		return fmt.Sprintf("order: was %q, is %q", r.Order, b.Order)
	case len(r.Inputs) != len(b.Inputs):
		return fmt.Sprintf("inputs: were %d, are %d", len(r.Inputs), len(b.Inputs))
	}
	for i, in := range r.Inputs {
		if difference := in.Difference(b.Inputs[i]); difference != "" {
			return fmt.Sprintf("input %s: %s", in.URI, difference)
		}
	}
	if r.Version != b.Version || r.Program != b.Program {
		return fmt.Sprintf("program: was %s %.12s, is %s %.12s", r.Version, r.Program, b.Version, b.Program)
	}
	return ""
}

// compact returns the settings without white space, which says nothing. They were valid JSON when the run began.
func compact(settings json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, settings) != nil {
		return settings
	}
	return b.Bytes()
}
