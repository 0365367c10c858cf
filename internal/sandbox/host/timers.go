package host

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const tick = 200 * time.Millisecond

// wait returns the reason when it is time to power off.
func (m *machine) wait() string {
	if m.Bound {
		go func() {
			var b [1]byte
			_, _ = unix.Read(lifelineFD, b[:])
			m.powerOff("the owner of the sandbox has ended")
		}()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case why := <-m.off:
			return why
		case now := <-ticker.C:
			if why := m.due(now); why != "" {
				return why
			}
		}
	}
}

// due checks the power-off timers and that the instance still has its folder.
func (m *machine) due(now time.Time) string {
	if ttl, set := seconds(ttlPath); set && now.Sub(m.booted) >= ttl {
		return fmt.Sprintf("ttl of %v reached", ttl)
	}
	if idle, set := seconds(idlePath); set {
		last := m.booted
		if beat, err := os.Stat(beatPath); err == nil && beat.ModTime().After(last) {
			last = beat.ModTime()
		}
		if now.Sub(last) >= idle {
			return fmt.Sprintf("no heartbeat for %v", idle)
		}
	}
	var st unix.Stat_t
	if unix.Fstat(folderFD, &st) == nil && st.Nlink == 0 {
		return "the folder of the instance is gone"
	}
	return ""
}

// seconds reads a file that holds one positive number of seconds; fractions are allowed.
func seconds(file string) (time.Duration, bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	if err != nil || n <= 0 {
		return 0, false
	}
	return time.Duration(n * float64(time.Second)), true
}

// shutdownTimer is the pending order of a "shutdown +5".
type shutdownTimer struct {
	mu    sync.Mutex
	timer *time.Timer
}

// set replaces the pending order; act runs after d.
func (s *shutdownTimer) set(d time.Duration, act func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.timer = time.AfterFunc(d, act)
}

func (s *shutdownTimer) cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *shutdownTimer) stop() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}
