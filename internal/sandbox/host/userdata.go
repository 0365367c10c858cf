package host

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// userData is what cloud-init would do with an instance's user data, as far as a sandbox host does it.
type userData struct {
	config cloudConfig
	script string // user data that is a script, run once like runcmd
}

type cloudConfig struct {
	SSHKeys        map[string]string `yaml:"ssh_keys"`
	AuthorizedKeys []string          `yaml:"ssh_authorized_keys"`
	WriteFiles     []writeFile       `yaml:"write_files"`
	RunCmd         []any             `yaml:"runcmd"` // each a line for sh or a list of arguments
}

type writeFile struct {
	Path        string `yaml:"path"`
	Content     string `yaml:"content"`
	Encoding    string `yaml:"encoding"`
	Owner       string `yaml:"owner"`
	Permissions any    `yaml:"permissions"` // '0644' or, unquoted, a number in octal
	Append      bool   `yaml:"append"`
}

// parseUserData reads cloud-config or a script, gzip or not. It always returns something to go on with.
func parseUserData(b []byte) (*userData, error) {
	d := &userData{}
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		plain, err := gunzip(b)
		if err != nil {
			return d, fmt.Errorf("user data: %w", err)
		}
		b = plain
	}
	switch {
	case len(bytes.TrimSpace(b)) == 0:
		return d, nil
	case bytes.HasPrefix(b, []byte("#cloud-config")):
		if err := yaml.Unmarshal(b, &d.config); err != nil {
			return &userData{}, fmt.Errorf("user data: %w", err)
		}
		return d, nil
	case bytes.HasPrefix(b, []byte("#!")):
		d.script = string(b)
		return d, nil
	}
	return d, fmt.Errorf("user data: neither #cloud-config nor a script")
}

func gunzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 16<<20))
}

// writeFiles writes what write_files orders; what cannot be written is a line on the console, as with cloud-init.
func (d *userData) writeFiles(log func(string, ...any)) {
	for _, f := range d.config.WriteFiles {
		if err := f.write(); err != nil {
			log("write_files %s: %v", f.Path, err)
		}
	}
}

func (f writeFile) write() error {
	content, err := f.decoded()
	if err != nil {
		return err
	}
	mode, err := f.mode()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return err
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if f.Append {
		flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	out, err := os.OpenFile(f.Path, flags, mode)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Write(content); err != nil {
		return err
	}
	if err := out.Chmod(mode); err != nil {
		return err
	}
	if owner, _, _ := strings.Cut(f.Owner, ":"); owner == User {
		return out.Chown(userID, userID)
	}
	return nil
}

func (f writeFile) decoded() ([]byte, error) {
	switch f.Encoding {
	case "", "text/plain":
		return []byte(f.Content), nil
	case "b64", "base64":
		return base64.StdEncoding.DecodeString(f.Content)
	case "gz+b64", "gz+base64", "gzip+b64", "gzip+base64":
		b, err := base64.StdEncoding.DecodeString(f.Content)
		if err != nil {
			return nil, err
		}
		return gunzip(b)
	}
	return nil, fmt.Errorf("encoding %q is not known", f.Encoding)
}

func (f writeFile) mode() (os.FileMode, error) {
	switch p := f.Permissions.(type) {
	case nil:
		return 0o644, nil
	case string:
		n, err := strconv.ParseUint(strings.TrimPrefix(p, "0o"), 8, 12)
		return os.FileMode(n), err
	case uint64:
		return os.FileMode(p), nil
	default:
		return 0, fmt.Errorf("permissions %v are not octal", p)
	}
}

// run performs runcmd, or the script, one command after the other. As with cloud-init one that fails does not stop the
// next.
func (d *userData) run(procs *processes, log func(string, ...any)) {
	var commands []*exec.Cmd
	if d.script != "" {
		path := "/var/lib/cloud/instance/user-data"
		if err := os.WriteFile(path, []byte(d.script), 0o700); err != nil {
			log("user data: %v", err)
			return
		}
		commands = append(commands, exec.Command(path))
	}
	for _, c := range d.config.RunCmd {
		if cmd := command(c); cmd != nil {
			commands = append(commands, cmd)
		} else {
			log("runcmd %v: neither text nor a list", c)
		}
	}
	for _, cmd := range commands {
		cmd.Dir = "/"
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if status, err := procs.run(cmd); err != nil || status != 0 {
			log("runcmd %q: exit status %d, %v", cmd.Args, status, err)
		}
	}
}

func command(order any) *exec.Cmd {
	switch c := order.(type) {
	case string:
		return exec.Command("/bin/sh", "-c", c)
	case []any:
		var args []string
		for _, a := range c {
			args = append(args, fmt.Sprint(a))
		}
		if len(args) > 0 {
			return exec.Command(args[0], args[1:]...)
		}
	}
	return nil
}
