package exec

import (
	"bytes"
	"errors"
	"fmt"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"flashmob/flow"
)

// serving is a command that answers frames with what a Python expression makes of a batch b.
func serving(t *testing.T, expression string) string {
	t.Helper()
	if _, err := osexec.LookPath("python3"); err != nil {
		t.Skip("no python3 here")
	}
	return fmt.Sprintf(`python3 -c 'import sys, time, os; sys.path.insert(0, "%s"); import flashmob; flashmob.serve(lambda b: %s)'`,
		abs(t, "../../examples/frames"), expression)
}

// Programs that do not keep to what is agreed, but do not end either, are ended when their time is over; what they did wrong is said.
func TestAProgramThatGoesOnWrongIsEnded(t *testing.T) {
	const forever = "while :; do sleep 600; done"
	for name, c := range map[string]struct{ mode, command, want string }{
		"closes its input":            {Batch, "exec <&-; " + forever, "no end within"},
		"closes its output":           {Batch, "exec >&-; cat >/dev/null; " + forever, "no end within"},
		"lines: closes its input":     {Lines, "exec <&-; " + forever, "no answer within"},
		"lines: closes its output":    {Lines, "exec >&-; cat >/dev/null; " + forever, "no answer within"},
		"lines: deaf":                 {Lines, "trap '' TERM INT HUP; " + forever, "no answer within"},
		"lines: half an answer":       {Lines, "head -c 5; " + forever, "no answer within"},
		"frames: closes its input":    {Frames, "exec <&-; " + forever, "no answer within"},
		"frames: closes its output":   {Frames, "exec >&-; cat >/dev/null; " + forever, "no answer within"},
		"frames: never reads":         {Frames, forever, "no answer within"},
		"frames: reads alone":         {Frames, "cat >/dev/null; " + forever, "no answer within"},
		"frames: deaf":                {Frames, "trap '' TERM INT HUP; " + forever, "no answer within"},
		"frames: half a length":       {Frames, `printf '\0\0'; ` + forever, "no answer within"},
		"frames: half a frame":        {Frames, `printf '\0\0\0\11Hid\n'; ` + forever, "no answer within"},
		"frames: ends in mid-frame":   {Frames, `printf '\0\0\0\11Hid\n'`, "it ended, with exit status 0, before its input did"},
		"frames: a length of nothing": {Frames, `printf '\0\0\0\0R1,2\n'; ` + forever, "it does not speak in frames"},
		"frames: a huge length":       {Frames, `printf '\377\377\377\377R1,2\n'; ` + forever, "it does not speak in frames"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := csvIn(c.mode, c.command)
			s.Timeout = 500 * time.Millisecond
			begun := time.Now()
			_, err := open(t, s).Process(t.Context(), bundle("id,name", numbered(0, 3)...))
			var f *flow.Failure
			if !errors.As(err, &f) || !strings.Contains(f.Reason, c.want) || f.TimedOut != strings.HasSuffix(c.want, "within") {
				t.Errorf("%v (%+v), want %q", err, f, c.want)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("it took %v to end it", took)
			}
		})
	}
}

// Bytes are nobody's business: what is no text, very long, or empty comes through every mode as it is.
func TestWhatIsNoTextComesThroughAsItIs(t *testing.T) {
	var all []byte
	for b := range 256 {
		if b != '\n' {
			all = append(all, byte(b))
		}
	}
	rows := []string{"", string(all), "\x00", "\r", strings.Repeat("\x00\xff", 1<<20), "", strings.Repeat("x", 3<<20), `"`, "end"}
	for mode, command := range map[string]string{Batch: "cat", Lines: "cat", Frames: serving(t, "b")} {
		t.Run(mode, func(t *testing.T) {
			o := open(t, Settings{Command: command, Mode: mode})
			for range 3 {
				b := bundle("", rows...)
				y, err := o.Process(t.Context(), b)
				if err != nil || y.Count != b.Count || !bytes.Equal(y.Records, b.Records) {
					t.Fatalf("%d bytes in %d records, want %d in %d; %v", len(y.Records), y.Count, len(b.Records), b.Count, err)
				}
			}
		})
	}
}

// A program that talks without end on standard error is listened to, and its answers are not held up.
func TestWhoTalksMuchIsStillHeard(t *testing.T) {
	const flood = "head -c 50000000 /dev/zero | tr '\\0' x >&2"
	for mode, command := range map[string]string{
		Lines:  flood + "; cat",
		Frames: serving(t, "(os.write(2, b\"x\" * 20000000) and b)"),
	} {
		t.Run(mode, func(t *testing.T) {
			o := open(t, Settings{Command: command, Mode: mode, Timeout: time.Minute})
			for i := range 2 {
				b := bundle("", numbered(i, 100)...)
				if y, err := o.Process(t.Context(), b); err != nil || !bytes.Equal(y.Records, b.Records) {
					t.Fatalf("%d bytes, want %d; %v", len(y.Records), len(b.Records), err)
				}
			}
		})
	}
}

// In frames a batch may become any number of records, none at all too: what counts is the frame.
func TestAFrameMayHoldAnyNumberOfRecords(t *testing.T) {
	o := open(t, Settings{Command: serving(t, "b * (len(b) % 5)"), Mode: Frames})
	for n := range 7 {
		b := bundle("", strings.Repeat("x", n))
		y, err := o.Process(t.Context(), b)
		if want := bytes.Repeat(b.Records, len(b.Records)%5); err != nil || !bytes.Equal(y.Records, want) || y.Count != int64(len(b.Records)%5) {
			t.Errorf("%q, %d records, want %q; %v", y.Records, y.Count, want, err)
		}
	}
}
