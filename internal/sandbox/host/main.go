package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Main is the first process of a host. It returns the exit status of the process.
func Main() int {
	m := &machine{booted: time.Now(), off: make(chan string, 1), procs: newProcesses()}
	m.units = units{machine: m, running: map[string]context.CancelFunc{}}
	// Nothing that was inherited, knowingly or not, reaches the host's programs.
	if err := unix.CloseRange(configFD, 1<<16, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		fmt.Fprintln(os.Stderr, "close inherited files:", err)
		return 1
	}
	status := os.NewFile(statusFD, "status")
	if err := m.boot(status); err != nil {
		fmt.Fprintln(os.Stderr, err)
		fmt.Fprint(status, err)
		return 1
	}
	why := m.wait()
	fmt.Fprintln(os.Stderr, "power off:", why)
	m.shutDown()
	return 0
}

type machine struct {
	Config
	booted time.Time
	off    chan string // why the host powers off; the first reason counts
	procs  *processes
	sshd   sshd
	units  units
	later  shutdownTimer
}

// boot brings the host up to the point where it can be reached, and leaves the rest to the background.
func (m *machine) boot(status io.WriteCloser) error {
	// Terminals and the machine must not end the host by accident; only a power-off or SIGKILL does.
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	if err := json.NewDecoder(os.NewFile(configFD, "config")).Decode(&m.Config); err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	if err := mountRoot(rootFolder, m.Disk); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(m.Hostname)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	go m.procs.reap()
	if err := m.networkUp(); err != nil {
		return err
	}
	if err := installPrograms(); err != nil {
		return err
	}
	if err := m.writeAccount(); err != nil {
		return err
	}
	data, dataErr := parseUserData(m.UserData)
	if dataErr != nil { // as with cloud-init, bad user data is a line on the console and a host that boots
		fmt.Fprintln(os.Stderr, dataErr)
	}
	if err := m.writeKeys(data); err != nil {
		return err
	}
	data.writeFiles(m.log)
	if err := m.serveControl(); err != nil {
		return err
	}
	fmt.Fprint(status, "up")
	status.Close()
	go m.sshd.run(m.procs, m.SSHDelay)
	go func() {
		data.run(m.procs, m.log)
		_ = os.WriteFile(bootedPath, []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o644)
	}()
	return nil
}

func (m *machine) log(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// shutDown marks the end as the host's own doing, asks what runs to end, and leaves the rest to the kernel.
func (m *machine) shutDown() {
	if fd, err := unix.Openat(folderFD, offFile, unix.O_CREAT|unix.O_WRONLY, 0o600); err == nil {
		unix.Close(fd)
	}
	_ = unix.Kill(-1, unix.SIGTERM)
	m.procs.quiet(300 * time.Millisecond)
}

// powerOff makes wait return. Only the first reason counts.
func (m *machine) powerOff(why string) {
	select {
	case m.off <- why:
	default:
	}
}
