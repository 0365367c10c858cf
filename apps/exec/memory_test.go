package exec

import (
	"bytes"
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// What a program gives is read into the memory of the batch whose answer it should be: what lies behind that answer is
// another's, and must not be there any more when the memory is used again.
func TestMemoryMayBeUsedAgainAsSoonAsABatchIsDone(t *testing.T) {
	if _, err := osexec.LookPath("python3"); err != nil {
		t.Skip("no python3 here")
	}
	script := "import sys; sys.path.insert(0, '" + abs(t, "../../examples/frames") + "'); import flashmob; flashmob.serve(lambda b: b)"
	for _, mode := range []Settings{{Command: "cat", Mode: Lines}, {Command: `python3 -c "` + script + `"`, Mode: Frames}} {
		t.Run(mode.Mode, func(t *testing.T) {
			o := open(t, mode)
			var all sync.WaitGroup
			for lane := range 4 {
				all.Go(func() {
					var room []byte
					for i := range 40 {
						in := bundle("", numbered(1000*lane, 1+(i*7919+lane)%9000)...)
						in.Room = room
						y, err := o.Process(t.Context(), in)
						if err != nil || !bytes.Equal(y.Records, in.Records) || y.Count != in.Count {
							t.Errorf("lane %d: %d bytes came of %d, %d records of %d: %v", lane, len(y.Records), len(in.Records), y.Count, in.Count, err)
							return
						}
						room = y.Room
						copy(room[:cap(room)], strings.Repeat("overwritten\n", cap(room)/12))
					}
				})
			}
			all.Wait()
		})
	}
}

// Whether a program is any good has to be found out while others wait for it.
func TestATrialWaitsForNobody(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "waits")
	o := open(t, Settings{Command: `while read -r line; do if [ "$line" = wait ]; then : >"$MARK"; exec sleep 600; fi; echo "$line"; done`, Mode: Lines}, "MARK="+mark)
	ctx, cancel := context.WithCancel(t.Context())
	var waits sync.WaitGroup
	defer waits.Wait()
	defer cancel()
	waits.Go(func() {
		if _, err := o.Process(ctx, bundle("", "wait")); !errors.Is(err, context.Canceled) {
			t.Errorf("the one that waits: %v", err)
		}
	})
	for {
		if _, err := os.Stat(mark); err == nil {
			break
		}
		runtime.Gosched()
	}
	in := bundle("", "1") // without the word it would wait, too
	in.Apart = true
	if y, err := o.Process(t.Context(), in); err != nil || string(y.Records) != "1\n" || y.Count != 1 {
		t.Errorf("%q: %v", y.Records, err)
	}
}
