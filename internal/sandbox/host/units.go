package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// units runs the timers that user data brings, so that a host's own power-off timers are put to the test and not a
// stand-in for them. It knows what such timers use: OnBootSec, OnActiveSec, OnUnitActiveSec and OnUnitInactiveSec of a
// .timer, and the ExecStart of the .service with the same name.
type units struct {
	machine *machine
	mu      sync.Mutex
	running map[string]context.CancelFunc
}

const unitFolder = "/etc/systemd/system"

// start starts a timer, or runs a service once in the background. Units of the system itself are left alone.
func (u *units) start(name string) error {
	settings, err := readUnit(name)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, on := u.running[name]; on {
		return nil
	}
	base, isTimer := strings.CutSuffix(name, ".timer")
	if !isTimer {
		go u.once(name)
		return nil
	}
	first, again, err := settings.schedule(time.Since(u.machine.booted))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	u.running[name] = cancel
	go u.loop(ctx, base+".service", first, again)
	return nil
}

func (u *units) stop(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if cancel, on := u.running[name]; on {
		cancel()
		delete(u.running, name)
	}
}

// loop runs a service after first, and then again after each pause of again, if that is set.
func (u *units) loop(ctx context.Context, service string, first, again time.Duration) {
	for wait := first; ; wait = again {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		u.once(service)
		if again <= 0 {
			return
		}
	}
}

// once runs a service's program and waits for its end.
func (u *units) once(service string) {
	settings, err := readUnit(service)
	if err != nil {
		u.machine.log("%s: %v", service, err)
		return
	}
	for _, line := range settings["ExecStart"] {
		cmd := exec.Command("/bin/sh", "-c", "exec "+line)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if status, err := u.machine.procs.run(cmd); err != nil || status != 0 {
			u.machine.log("%s: exit status %d, %v", service, status, err)
		}
	}
}

// settings are a unit's values by name, whatever their section.
type settings map[string][]string

func readUnit(name string) (settings, error) {
	b, err := os.ReadFile(filepath.Join(unitFolder, filepath.Base(name)))
	if err != nil {
		return nil, err
	}
	return parseUnit(string(b)), nil
}

func parseUnit(text string) settings {
	out := settings{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(line, "#") {
			out[name] = append(out[name], value)
		}
	}
	return out
}

// schedule says when a timer that starts at uptime elapses first, and how long after each run again.
func (s settings) schedule(uptime time.Duration) (first, again time.Duration, err error) {
	first = -1
	for _, name := range []string{"OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec"} {
		for _, value := range s[name] {
			d, err := parseSpan(value)
			if err != nil {
				return 0, 0, fmt.Errorf("%s: %w", name, err)
			}
			switch name {
			case "OnUnitActiveSec", "OnUnitInactiveSec":
				again = d
				continue
			case "OnBootSec", "OnStartupSec":
				d = max(d-uptime, 0)
			}
			if first < 0 || d < first {
				first = d
			}
		}
	}
	if first < 0 {
		return 0, 0, fmt.Errorf("no OnBootSec or OnActiveSec")
	}
	return first, again, nil
}

// maxSpan is the longest span that makes sense here; it keeps sums far from where a Duration overflows.
const maxSpan = 10 * 365 * 24 * time.Hour

var spanPart = regexp.MustCompile(`^\s*([0-9.]+)\s*([a-zµ]*)`)

// parseSpan reads systemd's time spans: "90", "4h", "1min 30s".
func parseSpan(text string) (time.Duration, error) {
	unit := map[string]time.Duration{"": time.Second, "s": time.Second, "sec": time.Second, "ms": time.Millisecond,
		"m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour, "d": 24 * time.Hour}
	var total time.Duration
	for rest := strings.TrimSpace(text); rest != ""; {
		m := spanPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, fmt.Errorf("time span %q", text)
		}
		n, err := strconv.ParseFloat(m[1], 64)
		scale, known := unit[m[2]]
		if err != nil || !known || n*float64(scale) > float64(maxSpan) {
			return 0, fmt.Errorf("time span %q", text)
		}
		if total += time.Duration(n * float64(scale)); total > maxSpan {
			return 0, fmt.Errorf("time span %q", text)
		}
		rest = strings.TrimSpace(rest[len(m[0]):])
	}
	return total, nil
}
