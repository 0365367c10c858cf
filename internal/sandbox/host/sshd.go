package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// sshd is the host's one service: OpenSSH's, as Ubuntu's images set it up.
type sshd struct {
	mu  sync.Mutex
	pid int
}

const sshdConfig = `# Written by the sandbox.
Port 22
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
PrintMotd no
AcceptEnv LANG LC_*
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
Subsystem sftp internal-sftp
`

// run starts sshd after a delay and again whenever it ends, as its systemd unit would.
func (s *sshd) run(procs *processes, delay time.Duration) {
	const path = "/etc/ssh/flashmob_sshd_config"
	time.Sleep(delay)
	for {
		keys, _ := filepath.Glob("/etc/ssh/ssh_host_*_key")
		config := sshdConfig
		for _, k := range keys {
			config += "HostKey " + k + "\n"
		}
		cmd := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", path)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		err := os.WriteFile(path, []byte(config), 0o600)
		if err == nil {
			var status <-chan unix.WaitStatus
			s.mu.Lock()
			s.pid, status, err = procs.start(cmd)
			s.mu.Unlock()
			if err == nil {
				<-status
			}
		}
		if err != nil {
			_, _ = os.Stderr.WriteString("sshd: " + err.Error() + "\n")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// reload makes sshd read its configuration and keys again; sessions go on.
func (s *sshd) reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid == 0 {
		return nil
	}
	return unix.Kill(s.pid, unix.SIGHUP)
}

// isSSH tells the names of sshd's unit.
func isSSH(unit string) bool {
	unit = strings.TrimSuffix(unit, ".service")
	return unit == "ssh" || unit == "sshd"
}
