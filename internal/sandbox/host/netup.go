package host

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// networkUp gives eth0 its addresses and closes what the security groups do not open, before anything listens.
func (m *machine) networkUp() error {
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("disable ipv6: %w", err)
	}
	filter := "/run/flashmob-sandbox/groups.nft"
	if err := os.WriteFile(filter, []byte(m.Ruleset), 0o600); err != nil {
		return err
	}
	if err := m.command("nft", "-f", filter); err != nil {
		return err
	}
	lines := []string{
		"link set lo up",
		"link set eth0 up",
		fmt.Sprintf("addr add %s dev eth0", m.Private),
	}
	route := fmt.Sprintf("route add default via %s dev eth0", m.Gateway.Addr())
	if m.Public.IsValid() {
		lines = append(lines, fmt.Sprintf("addr add %s/32 dev eth0", m.Public))
		route += fmt.Sprintf(" src %s", m.Public)
	}
	file := "/run/flashmob-sandbox/network"
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, route), "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return m.command("ip", "-batch", file)
}

// command runs a program of the system; what it says goes to the console.
func (m *machine) command(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	status, err := m.procs.run(cmd)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if status != 0 {
		return fmt.Errorf("%s %s: exit status %d; see the host's console", name, strings.Join(args, " "), status)
	}
	return nil
}
