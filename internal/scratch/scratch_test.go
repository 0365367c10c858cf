package scratch

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// ownerVariable makes the test program one that makes a folder, says which, and waits to be killed.
const ownerVariable = "FLASHMOB_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerVariable) == "" {
		os.Exit(m.Run())
	}
	f, err := New("left-")
	if err == nil {
		err = os.WriteFile(filepath.Join(f.Path, "much"), []byte("much"), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(f.Path)
	bufio.NewReader(os.Stdin).ReadByte() // until the test ends
}

func there(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func TestWhatADeadProcessLeftIsSwept(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	owner := exec.Command(os.Args[0])
	owner.Env, owner.Stderr = append(os.Environ(), ownerVariable+"=yes"), os.Stderr
	stdin, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := owner.StdoutPipe()
	if err == nil {
		err = owner.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	left := strings.TrimSpace(line)
	if err := Sweep(); err != nil || !there(filepath.Join(left, "much")) {
		t.Fatalf("the folder of a process that lives is gone: %v", err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	owner.Wait() // it was killed
	if !there(left) {
		t.Fatal("there is nothing to sweep")
	}
	f, err := New("mine-")
	if err != nil || there(left) {
		t.Errorf("what a dead process left is there: %v", err)
	}
	if err := f.Remove(); err != nil || there(f.Path) {
		t.Error(err)
	}
}

func TestWhatIsKeptOrNobodysIsNotSwept(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	kept, err := New("kept-")
	if err == nil {
		err = kept.Keep()
	}
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(os.TempDir(), "other")
	if err := errors.Join(os.Mkdir(other, 0o700), os.Symlink(kept.Path, filepath.Join(os.TempDir(), "link"))); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(); err != nil || !there(kept.Path) || !there(other) {
		t.Errorf("swept: %v", err)
	}
}

// Many make and sweep at once: everybody has a folder that stays for as long as it is wanted.
func TestNobodySweepsWhatIsBeingMade(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				f, err := New("busy-")
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(f.Path, "file"), nil, 0o600); err != nil {
					t.Error(err)
				}
				if err := f.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if entries, err := os.ReadDir(os.TempDir()); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}
