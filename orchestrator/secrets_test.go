package orchestrator

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secretsShown returns where any of the secrets can be read by others: in the command line or environment of a process of this
// machine, or in a file below the folders that is not its owner's alone.
func secretsShown(secrets []string, folders ...string) (shown []string) {
	holds := func(path string) bool {
		text, err := os.ReadFile(path) // in vain where it is gone, or a socket
		return err == nil && containsAny(text, secrets)
	}
	for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ"} {
		paths, _ := filepath.Glob(pattern) // the pattern is right
		for _, path := range paths {
			if holds(path) {
				shown = append(shown, path)
			}
		}
	}
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil // it is gone
			}
			if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && holds(path) {
				shown = append(shown, path)
			}
			return nil
		})
	}
	return shown
}

func containsAny(text []byte, secrets []string) bool {
	for _, secret := range secrets {
		if bytes.Contains(text, []byte(secret)) {
			return true
		}
	}
	return false
}

// The run's token, its private key and the variables for programs are where only their owner reads them, whenever one looks; and in
// no log.
func TestSecretsAreNowhereOthersCanRead(t *testing.T) {
	all, config, said := hosts(t, 2, 20_000)
	config.Env = []string{"PASSWORD=open-sesame-4711"}
	c, wait, _ := begin(t, config)
	_, key, _ := strings.Cut(string(c.identity.Key), "\n") // behind the line that says what it is
	secrets := []string{c.token, key[:40], "open-sesame-4711"}
	folders := []string{config.Output}
	for _, h := range all {
		folders = append(folders, h.home)
	}
	ended := make(chan error, 1)
	go func() { ended <- wait() }()
	for looks := 0; ; looks++ {
		if shown := secretsShown(secrets, folders...); len(shown) > 0 {
			t.Fatalf("secrets can be read in %q", shown)
		}
		select {
		case err := <-ended:
			if err != nil || looks < 3 {
				t.Fatalf("after %d looks: %v\n%s", looks, err, said)
			}
			if containsAny(said.Bytes(), secrets) {
				t.Errorf("secrets are in the log:\n%s", said)
			}
			return
		default:
		}
	}
}

// Whoever looks would see a secret: on a command line, in an environment, in a file.
func TestWhoLooksForSecretsFindsThem(t *testing.T) {
	dir := t.TempDir()
	own, others := filepath.Join(dir, "own"), filepath.Join(dir, "others")
	for path, mode := range map[string]os.FileMode{own: 0o600, others: 0o644} {
		if err := os.WriteFile(path, []byte("the secret-0815 is here"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if shown := secretsShown([]string{"secret-0815"}, dir); len(shown) != 1 || shown[0] != others {
		t.Errorf("found in %q", shown)
	}
	if shown := secretsShown([]string{filepath.Base(os.Args[0])}); len(shown) == 0 {
		t.Error("what stands on this process's command line was not found")
	}
}
