package votes

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flashmob/flow"
)

// run applies the application to votes, a frame each.
func run(t *testing.T, s Settings, votes ...string) (string, []flow.Reject) {
	t.Helper()
	f, err := Flow(s)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var input []byte
	for _, vote := range votes {
		input = append(binary.BigEndian.AppendUint32(input, uint32(len(vote))), vote...)
	}
	_, rejects, err := f.Apply(bytes.NewReader(input), &out, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), rejects
}

func vote(letter byte, n uint32) string {
	return string(binary.BigEndian.AppendUint32([]byte{letter}, n))
}

func TestEveryVoteSaysItsLettersTotal(t *testing.T) {
	var votes []string
	var want strings.Builder
	for n := range 2 {
		for letter := byte('a'); letter <= 'z'; letter++ {
			votes = append(votes, vote(letter, uint32(n+1)))
			fmt.Fprintf(&want, "%c => %d\n", letter, 1+2*n)
		}
	}
	if out, rejects := run(t, Settings{}, votes...); out != want.String() || len(out) != 364 || len(rejects) > 0 {
		t.Errorf("%q, want %q; %v", out, want.String(), rejects)
	}
}

func TestUnknownLettersWideTotalsAndWrongLengths(t *testing.T) {
	out, rejects := run(t, Settings{}, vote('Q', 1<<32-1), "a", vote('Q', 1<<32-1), "", vote('Q', 5)+"x")
	if want := "Q => 4294967295\nQ => 8589934590\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	if len(rejects) != 3 || rejects[0].Reason != "1 bytes, want 5" || rejects[2].Reason != "6 bytes, want 5" {
		t.Errorf("%+v", rejects)
	}
}

func TestADelayKeepsTheOwnerBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		run(t, Settings{Delay: 500 * time.Millisecond}, vote('a', 1), vote('b', 1), vote('a', 1))
		if took := time.Since(begun); took != 1500*time.Millisecond {
			t.Errorf("3 votes take %s", took)
		}
	})
	if _, err := Flow(Settings{Delay: -1}); err == nil {
		t.Error("a negative delay is accepted")
	}
}
