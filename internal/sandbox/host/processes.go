package host

import (
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processes starts programs and reaps every process of the host: the first process inherits all orphans. exec's own
// Wait cannot be used beside that.
type processes struct {
	mu      sync.Mutex
	waiting map[int]chan unix.WaitStatus
}

func newProcesses() *processes { return &processes{waiting: map[int]chan unix.WaitStatus{}} }

// start starts cmd, whose standard files must be files or nil, and returns its process ID and a channel that gets its
// status.
func (p *processes) start(cmd *exec.Cmd) (int, <-chan unix.WaitStatus, error) {
	p.mu.Lock() // held until the process is known, so that reap cannot miss it
	defer p.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	pid := cmd.Process.Pid
	status := make(chan unix.WaitStatus, 1)
	p.waiting[pid] = status
	return pid, status, cmd.Process.Release()
}

// run starts cmd and waits for it. The status is its exit status, or 128 and the signal that ended it.
func (p *processes) run(cmd *exec.Cmd) (int, error) {
	_, status, err := p.start(cmd)
	if err != nil {
		return -1, err
	}
	return exitStatus(<-status), nil
}

func exitStatus(s unix.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}

// reap collects ended processes for as long as the host lives.
func (p *processes) reap() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for {
		p.collect()
		<-ended
	}
}

func (p *processes) collect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var s unix.WaitStatus
		pid, err := unix.Wait4(-1, &s, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			return
		}
		if c, known := p.waiting[pid]; known {
			c <- s
			delete(p.waiting, pid)
		}
	}
}

// quiet waits until no process is left, at most d.
func (p *processes) quiet(d time.Duration) {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		p.collect()
		if unix.Kill(-1, 0) == unix.ESRCH {
			return
		}
	}
}
