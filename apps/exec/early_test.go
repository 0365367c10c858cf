package exec

import (
	"errors"
	"strings"
	"testing"
	"time"

	"flashmob/flow"
)

// A program that has enough after some batches is no reason to blame the next one.
func TestAProgramMayEndBetweenBatches(t *testing.T) {
	o := open(t, Settings{Command: "head -n 3", Mode: Lines})
	for i := range 4 {
		y, err := o.Process(t.Context(), bundle("", numbered(3*i, 3)...))
		if want := strings.Join(numbered(3*i, 3), "\n") + "\n"; err != nil || string(y.Records) != want {
			t.Fatalf("batch %d: %q; %v", i, y.Records, err)
		}
	}
	_, err := o.Process(t.Context(), bundle("", numbered(0, 4)...))
	var f *flow.Failure
	if !errors.As(err, &f) {
		t.Errorf("four records came out of three: %v", err)
	}
}

func TestWhatIsGivenBehindTheLastAnswerIsNoticed(t *testing.T) {
	f, err := Flow(Settings{Command: "cat; echo more", Mode: Lines})
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.OpenOperator(flow.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Process(t.Context(), bundle("", "1", "2")); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err == nil || !strings.Contains(err.Error(), "it gave more records than it was given") {
		t.Errorf("got %v", err)
	}
}

// Batches are sized by what they take: the wait for what a program has left behind is no part of that.
func TestWhatAProgramLeavesBehindDoesNotCountAsItsTime(t *testing.T) {
	o := open(t, Settings{Command: "cat; sleep 600 &"})
	begun := time.Now()
	y, err := o.Process(t.Context(), bundle("", "1"))
	if err != nil || string(y.Records) != "1\n" {
		t.Fatalf("%q; %v", y.Records, err)
	}
	if elapsed := time.Since(begun); elapsed-y.Took < linger/2 {
		t.Errorf("it took %s of %s", y.Took, elapsed)
	}
}

// Messages of an input that listens come to a program as lines, and what it gives are lines.
func TestWhatComesOfFramesIsCountedInLines(t *testing.T) {
	for _, mode := range []string{Batch, Lines} {
		o := open(t, Settings{Command: "sed -u s/row/ROW/", Mode: mode, Format: flow.Frames.Format()})
		for i := range 5 {
			lines := strings.Join(numbered(100*i, 100), "\n") + "\n"
			y, err := o.Process(t.Context(), flow.Bundle{Records: []byte(lines), Count: 100})
			if want := strings.ReplaceAll(lines, "row", "ROW"); err != nil || string(y.Records) != want || y.Count != 100 {
				t.Errorf("%s: %d records, %q: %v", mode, y.Count, y.Records, err)
			}
		}
	}
}
