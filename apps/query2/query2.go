package query2

import (
	"bytes"
	"fmt"

	"flashmob/flow"
)

// Name is what the application is called on the command line and in manifests.
const Name = "query2"

// Settings are the application's knobs.
type Settings struct {
	// Prefix is how many bytes of an address make its group: 8, 10 or 12, the queries 2A, 2B and 2C. Defaults to 8.
	Prefix int `json:"prefix,omitempty"`
}

// columns is how many a row has.
const columns = 9

// Flow returns the application with the given settings.
func Flow(s Settings) (*flow.Flow, error) {
	switch s.Prefix {
	case 0:
		s.Prefix = 8
	case 8, 10, 12:
	default:
		return nil, fmt.Errorf("prefix %d: not 8, 10 or 12", s.Prefix)
	}
	f := flow.New(Name, flow.CSV.WithoutHeader().WithFields(columns)).
		Sum("revenue", func(row []byte, add *flow.Adder) { revenue(row, s.Prefix, add) }).
		Titled("prefix", "revenue").
		Groups()
	f.Generator = &flow.Generator{Row: AppendRow}
	return f, nil
}

// revenue adds a row's revenue to the prefix of its address.
func revenue(row []byte, prefix int, add *flow.Adder) {
	var starts [4]int // of the first four fields, the last of which is the revenue
	at := 0
	for i := range starts {
		starts[i] = at
		n := bytes.IndexByte(row[at:], ',')
		if n < 0 || row[at] == '"' {
			quoted(row, prefix, add)
			return
		}
		at += n + 1
	}
	sum(row[:starts[1]-1], row[starts[3]:at-1], prefix, add)
}

// quoted is revenue for rows in which a quote may hide a comma.
func quoted(row []byte, prefix int, add *flow.Adder) {
	fields := flow.Fields(make([][]byte, 0, columns), row, ',')
	if len(fields) != columns {
		add.Reject(fmt.Sprintf("%d fields, want %d", len(fields), columns))
		return
	}
	sum(flow.Unquote(nil, fields[0]), flow.Unquote(nil, fields[3]), prefix, add)
}

func sum(address, text []byte, prefix int, add *flow.Adder) {
	amount, err := flow.ParseDecimal(text)
	if err != nil {
		add.Reject(fmt.Sprintf("revenue %.40q: %v", text, err))
		return
	}
	add.Add(address[:min(prefix, len(address))], amount)
}
