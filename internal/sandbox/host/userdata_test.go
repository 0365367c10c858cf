package host

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestUserDataIsReadAsCloudInitDoes(t *testing.T) {
	dir := t.TempDir()
	text := "#cloud-config\nssh_keys:\n  ed25519_private: |\n    BEGIN\n    END\n  ed25519_public: ssh-ed25519 AAAA\n" +
		"write_files:\n  - path: " + dir + "/a/plain\n    content: |\n      5\n    permissions: '0600'\n" +
		"  - path: " + dir + "/b64\n    encoding: b64\n    content: aGVsbG8=\n    permissions: 0755\n" +
		"  - path: " + dir + "/b64\n    content: ' world'\n    append: true\n    permissions: '0755'\n" +
		"runcmd:\n  - touch x\n  - [echo, 1, two]\n"
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"plain": []byte(text), "gzip": zipped.Bytes()} {
		d, err := parseUserData(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := d.config.SSHKeys["ed25519_private"]; got != "BEGIN\nEND\n" {
			t.Errorf("%s: private key %q", name, got)
		}
		d.writeFiles(t.Errorf)
		for file, want := range map[string]string{"a/plain": "5\n", "b64": "hello world"} {
			got, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil || string(got) != want {
				t.Errorf("%s: %s is %q, %v", name, file, got, err)
			}
		}
		if info, err := os.Stat(filepath.Join(dir, "a/plain")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
		if c := command(d.config.RunCmd[1]); len(c.Args) != 3 || c.Args[1] != "1" {
			t.Errorf("%s: command %q", name, c.Args)
		}
	}
}

func TestBadUserDataIsAnErrorAndStillAHost(t *testing.T) {
	for _, text := range []string{"#cloud-config\n\t: x", "hello", "\x1f\x8bnot gzip"} {
		if d, err := parseUserData([]byte(text)); err == nil || d == nil {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
}

func TestTimersAreScheduledFromTheirUnits(t *testing.T) {
	for _, c := range []struct {
		unit         string
		first, again time.Duration
	}{
		{"[Timer]\nOnBootSec=14400s\nAccuracySec=1s", 14390 * time.Second, 0},
		{"[Timer]\nOnActiveSec=1s\nOnUnitInactiveSec=1min 30s", time.Second, 90 * time.Second},
		{"[Timer]\nOnBootSec=5\n", 0, 0},
		{"[Timer]\n# OnBootSec=1\nOnBootSec=1h\nOnActiveSec=2m", 2 * time.Minute, 0},
	} {
		first, again, err := parseUnit(c.unit).schedule(10 * time.Second)
		if err != nil || first != c.first || again != c.again {
			t.Errorf("%q: %v, %v, %v", c.unit, first, again, err)
		}
	}
	for _, unit := range []string{"[Timer]\n", "[Timer]\nOnBootSec=soon", "[Timer]\nOnBootSec=4 parsecs"} {
		if _, _, err := parseUnit(unit).schedule(0); err == nil {
			t.Errorf("%q is accepted", unit)
		}
	}
}

func FuzzSpanIsNeverNegative(f *testing.F) {
	for _, s := range []string{"90", "4h", "1min 30s", "1.5h", "µ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseSpan(s); err == nil && d < 0 {
			t.Errorf("%q is %v", s, d)
		}
	})
}
