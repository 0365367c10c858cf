package host

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

const userID = 1000

// writeAccount makes the login account with its authorized key, and the files that name this host.
func (m *machine) writeAccount() error {
	home := "/home/" + User
	files := []file{
		{"/etc/passwd", systemEntries("/etc/passwd") + fmt.Sprintf("%s:x:%d:%d:Ubuntu:%s:/bin/bash\n", User, userID, userID, home), 0o644, 0},
		{"/etc/group", systemEntries("/etc/group") + fmt.Sprintf("%s:x:%d:\n", User, userID), 0o644, 0},
		{"/etc/shadow", systemEntries("/etc/shadow") + User + ":*:19000:0:99999:7:::\n", 0o640, 0},
		{"/etc/hostname", m.Hostname + "\n", 0o644, 0},
		{"/etc/hosts", fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", m.Private.Addr(), m.Hostname), 0o644, 0},
		{"/etc/resolv.conf", "# There is no name service in the sandbox.\n", 0o644, 0},
		{"/etc/machine-id", machineID(m.ID) + "\n", 0o444, 0},
		{home + "/.ssh/authorized_keys", m.AuthorizedKey + "\n", 0o600, userID},
	}
	for _, skeleton := range []string{".bashrc", ".profile"} {
		if b, err := os.ReadFile("/etc/skel/" + skeleton); err == nil {
			files = append(files, file{home + "/" + skeleton, string(b), 0o644, userID})
		}
	}
	for _, f := range files {
		if err := f.write(); err != nil {
			return err
		}
	}
	for dir, mode := range map[string]os.FileMode{home: 0o755, home + "/.ssh": 0o700} {
		if err := os.Chmod(dir, mode); err != nil {
			return err
		}
		if err := os.Chown(dir, userID, userID); err != nil {
			return err
		}
	}
	return nil
}

type file struct {
	path    string
	content string
	mode    os.FileMode
	owner   int
}

// write replaces the file: one that the machine had may be a link out of the host's sight.
func (f file) write() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(f.path); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.WriteFile(f.path, []byte(f.content), f.mode); err != nil {
		return err
	}
	if err := os.Chmod(f.path, f.mode); err != nil {
		return err
	}
	return os.Chown(f.path, f.owner, f.owner)
}

// systemEntries are the lines of an account file that belong to the system; the machine's people stay outside.
func systemEntries(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	people := peopleOf("/etc/passwd")
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if name, _, _ := strings.Cut(line, ":"); name != User && !people[name] {
			out.WriteString(line)
		}
	}
	return out.String()
}

// peopleOf lists the accounts of an account file that are neither the system's nor nobody.
func peopleOf(path string) map[string]bool {
	people := map[string]bool{}
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		fields := strings.Split(line, ":")
		if len(fields) < 3 {
			continue
		}
		if id, err := strconv.Atoi(fields[2]); err == nil && id >= 1000 && id < 65000 {
			people[fields[0]] = true
		}
	}
	return people
}

func machineID(instance string) string {
	sum := sha256.Sum256([]byte(instance))
	return hex.EncodeToString(sum[:16])
}

// writeKeys puts the host keys of the user data in place of the machine's, or a fresh one where it brings none.
func (m *machine) writeKeys(d *userData) error {
	old, err := filepath.Glob("/etc/ssh/ssh_host_*")
	if err != nil {
		return err
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	keys := d.config.SSHKeys
	if len(keys) == 0 {
		if keys, err = freshKey(); err != nil {
			return err
		}
	}
	for name, content := range keys {
		kind, part, found := strings.Cut(name, "_")
		path := fmt.Sprintf("/etc/ssh/ssh_host_%s_key", kind)
		f := file{path, strings.TrimRight(content, "\n") + "\n", 0o600, 0}
		switch {
		case !found || part != "private" && part != "public":
			continue
		case part == "public":
			f.path, f.mode = path+".pub", 0o644
		}
		if err := f.write(); err != nil {
			return err
		}
	}
	if more := d.config.AuthorizedKeys; len(more) > 0 {
		f := file{"/home/" + User + "/.ssh/authorized_keys",
			strings.Join(append([]string{m.AuthorizedKey}, more...), "\n") + "\n", 0o600, userID}
		return f.write()
	}
	return nil
}

func freshKey() (map[string]string, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return map[string]string{"ed25519_private": string(pem.EncodeToMemory(block)),
		"ed25519_public": string(ssh.MarshalAuthorizedKey(key))}, nil
}
