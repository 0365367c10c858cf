package sandbox

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"flashmob/internal/sandbox/cloud"
	"flashmob/internal/sandbox/host"
	"flashmob/internal/sandbox/network"
)

// Left is what a sandbox has on this machine. The zero value is nothing.
type Left struct {
	Processes  int // the server's, and all that run in hosts
	Namespaces int // network, mount, process, IPC and host name namespaces that those are in and this process is not
	Mounts     int // below the folder, in this process's namespace
	Interfaces int
	Objects    int // of the account: instances that are not terminated, and all else that a user made
}

// String writes it for people and failing tests.
func (l Left) String() string {
	return fmt.Sprintf("%d processes, %d namespaces, %d mounts, %d interfaces, %d objects",
		l.Processes, l.Namespaces, l.Mounts, l.Interfaces, l.Objects)
}

// Count counts what the sandbox of the folder dir has on this machine, from the kernel's own lists, whether it runs or
// not. A folder that does not exist has nothing.
func Count(dir string) (Left, error) {
	var left Left
	dir, err := filepath.Abs(dir)
	if err != nil {
		return left, err
	}
	if left.Objects, err = cloud.Objects(dir); err != nil {
		return left, err
	}
	if left.Mounts, err = mountsBelow(dir); err != nil {
		return left, err
	}
	if r, err := readRecord(dir); err == nil {
		if reaches(r.Network) {
			left.Interfaces = 1
		}
	}
	pids := processesOf(dir)
	left.Processes = len(pids)
	left.Namespaces = len(namespacesOf(pids))
	return left, nil
}

// reaches says whether the interface of network n is a sandbox's and not a namesake.
func reaches(n int) bool {
	i, err := net.InterfaceByName(network.InterfaceName(n))
	if err != nil {
		return false
	}
	addresses, err := i.Addrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == operatorOf(n) {
			return true
		}
	}
	return false
}

// operatorOf is the operator's address on network n.
func operatorOf(n int) netip.Addr { return network.Adopt(n, nil).Operator() }

// processesOf finds the server of a folder, the first processes of its hosts, and all that share a process namespace
// with one of those.
func processesOf(dir string) []int {
	var out []int
	hosts := map[string]bool{} // by process namespace
	all := allPIDs()
	for _, pid := range all {
		switch args := arguments(pid); {
		case len(args) == 3 && args[0] == host.ProcessName && filepath.Dir(filepath.Dir(args[2])) == dir:
			hosts[namespace(pid, "pid")] = true
		case len(args) == 2 && args[0] == serverName && strings.Contains(args[1], strconv.Quote(dir)):
			out = append(out, pid)
		}
	}
	for _, pid := range all {
		if hosts[namespace(pid, "pid")] {
			out = append(out, pid)
		}
	}
	return out
}

func namespacesOf(pids []int) map[string]bool {
	out := map[string]bool{}
	for _, kind := range []string{"net", "mnt", "pid", "ipc", "uts"} {
		mine := namespace(os.Getpid(), kind)
		for _, pid := range pids {
			if ns := namespace(pid, kind); ns != "" && ns != mine {
				out[ns] = true
			}
		}
	}
	return out
}

func namespace(pid int, kind string) string {
	ns, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind)) // empty for a process that has just ended
	return ns
}

func arguments(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

func allPIDs() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

func mountsBelow(dir string) (int, error) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			n++
		}
	}
	return n, nil
}

// serverPID is the process that serves a folder, 0 for none.
func serverPID(dir string) int {
	for _, pid := range processesOf(dir) {
		if args := arguments(pid); args != nil && args[0] == serverName {
			return pid
		}
	}
	return 0
}

// killLeft ends the hosts that a server which was killed has left behind.
func killLeft(dir string) error {
	folders, err := filepath.Glob(filepath.Join(dir, hostsDir, "*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		p, err := host.Adopt(folder)
		if err != nil {
			continue
		}
		if err := p.Kill(); err != nil {
			return err
		}
		p.Wait()
	}
	return nil
}

// removeNetwork takes the interface of network n away where the kernel has not done so yet: it takes its time with the
// namespaces of processes that were killed.
func removeNetwork(n int) error {
	if !reaches(n) {
		return nil
	}
	if err := network.Adopt(n, nil).Remove(); err != nil && reaches(n) {
		return err
	}
	return nil
}

// KillHost pulls the plug of an instance's host: no process of it gets to say a word.
func (s *Sandbox) KillHost(instance string) error { return s.signalHost(instance, unix.SIGKILL) }

// Freeze stops every process of an instance's host where it is; its connections stay open and silent.
func (s *Sandbox) Freeze(instance string) error { return s.signalHost(instance, unix.SIGSTOP) }

// Thaw lets a frozen host go on.
func (s *Sandbox) Thaw(instance string) error { return s.signalHost(instance, unix.SIGCONT) }

func (s *Sandbox) signalHost(instance string, signal unix.Signal) error {
	p, err := host.Adopt(filepath.Join(s.dir, hostsDir, filepath.Base(instance)))
	if err != nil {
		return err
	}
	defer p.Close()
	if signal == unix.SIGKILL {
		return p.Kill()
	}
	inside := namespace(p.PID, "pid")
	for _, pid := range allPIDs() {
		if namespace(pid, "pid") == inside {
			_ = unix.Kill(pid, signal) // it may have ended since
		}
	}
	return nil
}
