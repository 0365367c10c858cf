package chaos

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A trial lets befall a run what it is told to, and nothing after that; it takes until the program has ended.
func TestATrialIsWhatItIsToldToBe(t *testing.T) {
	c := pretend(t, `o=; for a; do [ "$p" = -o ] && o=$a; p=$a; done; mkdir -p "$o"
n=$(cat "$o.starts" 2>/dev/null || echo 0); echo $((n+1)) > "$o.starts"
[ $n -ge 2 ] && { echo '{}' > "$o/manifest.json"; exit 0; }; exec sleep 60`)
	twice := slices.Values([]Fault{
		{After: time.Second, Kind: Kill, Host: Operator}, {After: time.Second, Kind: Kill, Host: Operator},
	})
	tally, err := c.Trial(t.Context(), "one", []string{"--special"}, twice)
	if err != nil {
		t.Fatal(err)
	}
	if tally.Faults != 2 || tally.Operators != 2 || tally.Took < 2*time.Second || tally.Took > time.Minute {
		t.Errorf("%+v", tally)
	}
	said, err := os.ReadFile(filepath.Join(c.Dir, "one.log"))
	if err != nil || strings.Count(string(said), "--special") != 3 {
		t.Errorf("%v: %s", err, said)
	}
}

// A process that is slowed gets the share of its time that was asked for, a tenth if none was.
func TestSlowFaultsShareTime(t *testing.T) {
	for share, want := range map[int]string{0: "sleep 0.090; kill -CONT $p; sleep 0.010;", 50: "sleep 0.050; kill -CONT $p; sleep 0.050;"} {
		if got := (Fault{Kind: Slow, Host: "workers-1", Share: share, Lasts: time.Second}).command(); !strings.Contains(got, want) || !strings.Contains(got, "-lt 10 ]") {
			t.Errorf("%d: %s", share, got)
		}
	}
}
