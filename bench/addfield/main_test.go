package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesGetAFieldHoweverTheyCome(t *testing.T) {
	in, want := strings.Repeat("a,b\nc\n", 1000)+"d", strings.Repeat("a,b,1\nc,0\n", 1000)+"d,0\n"
	for name, r := range map[string]*bytes.Buffer{"at once": bytes.NewBufferString(in)} {
		var out bytes.Buffer
		if err := lines(iotest.HalfReader(r), &out); err != nil || out.String() != want {
			t.Errorf("%s: %d bytes, %v", name, out.Len(), err)
		}
	}
}

func TestFramesAreAnswered(t *testing.T) {
	var out bytes.Buffer
	err := framed(strings.NewReader("\x00\x00\x00\x04Ha,b\x00\x00\x00\x05B1,2\n"), &out)
	if want := "\x00\x00\x00\x06Ha,b,1\x00\x00\x00\x07R1,2,1\n"; err != nil || out.String() != want {
		t.Errorf("%q, %v, want %q", out.String(), err, want)
	}
}
