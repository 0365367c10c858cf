package main

import (
	"strings"
	"testing"
	"time"

	"flashmob/dashboard"
)

func TestDescribeLeavesOutWhatIsNotKnown(t *testing.T) {
	for want, p := range map[string]dashboard.Progress{
		"0 rows": {Left: -1},
		"1 200 rows, 600 rows/s, 78.0 kB/s, 2.00 s left, 3 rejected": {Records: 1200, RowsPerS: 600, BytesPerS: 78e3, Left: 2 * time.Second, Rejected: 3},
	} {
		if got := describe(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What was done twice is said where there is something to say.
func TestStatusSaysWhatWasRedeliveredTakenOverAndDropped(t *testing.T) {
	v := &dashboard.View{Run: &dashboard.Run{ID: "one", Retried: 3, TakenOver: 2, Late: 1}}
	var text strings.Builder
	if err := statusText(&text, v, 3); err != nil {
		t.Fatal(err)
	}
	if want := "trouble  3 batches redelivered, 2 partitions taken over, 1 parts dropped\n"; !strings.HasSuffix(text.String(), want) {
		t.Errorf("%s\nwant at its end: %s", text.String(), want)
	}
	text.Reset()
	v.Run.Retried, v.Run.TakenOver, v.Run.Late = 0, 0, 0
	if err := statusText(&text, v, 3); err != nil || strings.Contains(text.String(), "trouble") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
