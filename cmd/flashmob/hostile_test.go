package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostile is a name, and a record, that would make a file if a shell ever read it.
const hostile = "$(touch pwned)`touch pwned`';touch pwned;'\"|touch pwned&\" -x"

// What stands in a record, in the name of an input, of a file that goes along, or of a result folder, is never a command.
func TestHostileNamesAndRecordsReachNoShell(t *testing.T) {
	l := newCamp(t, 2)
	for _, name := range []string{hostile + ".txt", hostile + " along"} {
		if err := os.WriteFile(l.path(name), []byte(hostile+"\n"+strings.Repeat("x\n", 50)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for mode, exec := range map[string]string{"batch": "cat", "lines": "cat"} {
		output := hostile + mode
		l.do("run", "-i", "hosts.yml", "--input", hostile+".txt", "--file", hostile+" along", "--setup", "test -f ./*along", "--exec", exec,
			"--exec-mode", mode, "--compress", "none", "-o", output)
		if got := l.results(output); !bytes.HasPrefix(got, []byte(hostile+"\n")) || bytes.Count(got, []byte("\n")) != 51 {
			t.Errorf("%s: results are\n%.200s", mode, got)
		}
	}
	err := filepath.WalkDir(l.dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(entry.Name(), "pwned") {
			t.Errorf("a shell has read a name or a record: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Neither is the name of a host: an inventory with such a one is refused before anything is done.
func TestHostileHostNamesAreRefused(t *testing.T) {
	l := newCamp(t, 1)
	for _, name := range []string{"$(touch pwned)", "a;touch pwned", "-oProxyCommand=touch pwned", "../pwned", "a b"} {
		text := "initializer:\n  hosts:\n    '" + name + "':\n      ansible_host: 127.0.0.1\n      ansible_connection: local\n"
		if err := os.WriteFile(l.path("hostile.yml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		l.fail(1, []string{"a name has letters"}, "run", "-i", "hostile.yml", "--lines", "10", "-o", "out")
		if _, err := os.Stat(l.path("out")); err == nil {
			t.Errorf("%q: a run was begun", name)
		}
	}
}
