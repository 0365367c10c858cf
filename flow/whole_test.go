package flow

import (
	"strings"
	"testing"
)

// What Whole counts is what a Pass counts, and where it gives up a Pass has rejects.
func TestWholeAgreesWithAPass(t *testing.T) {
	for name, c := range map[string]struct {
		source Source
		limits Limits
		text   string
	}{
		"lines":       {Lines, Limits{}, "a\nb\r\n\nc"},
		"long lines":  {Lines, Limits{MaxRecord: 3}, "a\nbbbb\nc\n"},
		"short lines": {Lines, Limits{MaxRecord: 3}, "a\nbbb\nc\n"},
		"all at once": {Lines, Limits{MaxRecord: 30}, "a\nbbb\nc\n"},
		"csv":         {CSV, Limits{Fields: 2}, "a,b\r\nc,\"d\ne\"\nf,g"},
		"ragged":      {CSV, Limits{Fields: 2}, "a,b\nc\nf,g\n"},
		"empty line":  {CSV, Limits{Fields: 2}, "a,b\n\nf,g\n"},
		"open":        {CSV, Limits{Fields: 2}, "a,b\nc,\"d\n"},
		"nothing":     {CSV, Limits{Fields: 2}, ""},
		"no fields":   {CSV, Limits{}, "a,b\nc\n"},
	} {
		pass := New("f", c.source).NewPass(c.limits)
		pass.Begin()
		var out strings.Builder
		if err := pass.Run([]byte(c.text), func(b []byte) error { out.Write(b); return nil }); err != nil {
			t.Fatal(err)
		}
		want, rejects := pass.End()
		want.Emitted = 0
		got, ok := c.source.Whole([]byte(c.text), c.limits)
		if ok != (len(rejects) == 0) || ok && (got != want || out.String() != c.text) {
			t.Errorf("%s: %+v, %t; a pass has %+v and %d rejects", name, got, ok, want, len(rejects))
		}
	}
	if _, ok := Frames.Whole([]byte("\x00\x00\x00\x01a"), Limits{}); ok {
		t.Error("frames are taken for text")
	}
}
