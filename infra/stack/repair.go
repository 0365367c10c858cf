package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"

	"flashmob/infra"
)

// enginePatience is how long the engine of a dead holder may go on by itself: it finishes its calls to the cloud and
// writes down what they made.
const enginePatience = 30 * time.Second

// engineLock is what Pulumi's file backend writes into its lock files.
type engineLock struct {
	PID       int       `json:"pid"`
	Username  string    `json:"username"`
	Hostname  string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`

	path string
}

func (l engineLock) holder() infra.Holder {
	return infra.Holder{Operation: "pulumi", Owner: l.Username + "@" + l.Hostname, PID: l.PID, Host: l.Hostname, Since: l.Timestamp}
}

// stateDir is the folder of Pulumi's state; false when it is not on this machine.
func (c Cluster) stateDir() (string, bool) {
	url := os.Getenv("PULUMI_BACKEND_URL")
	if url == "" {
		return c.Files.State(), true
	}
	dir, isFile := strings.CutPrefix(url, "file://")
	return dir, isFile && filepath.IsAbs(dir)
}

// engineLocks reads the locks that Pulumi itself holds on the stack. Backends elsewhere keep theirs where they cannot
// be read; there Pulumi's own refusal says who it is.
func (c Cluster) engineLocks() ([]engineLock, error) {
	dir, ok := c.stateDir()
	if !ok {
		return nil, nil
	}
	paths, err := filepath.Glob(filepath.Join(dir, ".pulumi", "locks", "organization", project, c.Files.Name(), "*.json"))
	if err != nil {
		return nil, err
	}
	var locks []engineLock
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // released just now
		}
		if err != nil {
			return nil, fmt.Errorf("read engine lock: %w", err)
		}
		var l engineLock
		if err := json.Unmarshal(text, &l); err != nil {
			l = engineLock{} // its writer died while writing
		}
		l.path = path
		locks = append(locks, l)
	}
	return locks, nil
}

// quiet makes sure that no engine works on the stack: nothing may read the state while one writes it. Locks of engines
// that died here go, and what they left half written. stale is the dead holder whose engine this may be; without one a
// living engine is somebody else's, and a *infra.LockedError.
func (c Cluster) quiet(ctx context.Context, stale *infra.Holder) error {
	locks, err := c.engineLocks()
	if err != nil {
		return err
	}
	here, _ := os.Hostname()
	for _, l := range locks {
		if l.PID == 0 {
			continue
		}
		if l.Hostname == here && !alive(l.PID) {
			// What pulumi cancel does; but that needs the stack, and a lock can outlive its stack.
			if err := os.Remove(l.path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("remove engine lock of a dead process: %w", err)
			}
			continue
		}
		if stale == nil || l.Hostname != here {
			return &infra.LockedError{Path: c.Files.State(), Holder: l.holder()}
		}
		if err := c.endEngine(ctx, l.PID); err != nil {
			return err
		}
	}
	return c.dropTornNotes()
}

// dropTornNotes removes what Pulumi's file backend noted beside a state file of this cluster (its content type and hash)
// and did not get to its end, since an engine died over it. Unlike the state itself that is not written whole or not at
// all; without it the state is read as well, with half of it not at all.
func (c Cluster) dropTornNotes() error {
	dir, ok := c.stateDir()
	if !ok {
		return nil
	}
	notes, err := filepath.Glob(filepath.Join(dir, ".pulumi", "stacks", project, c.Files.Name()+".json*.attrs"))
	if err != nil {
		return err
	}
	for _, path := range append(notes, filepath.Join(dir, ".pulumi", "meta.yaml.attrs")) {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) || err == nil && json.Valid(text) {
			continue
		}
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			return fmt.Errorf("repair state: %w", err)
		}
	}
	return nil
}

// unlock cancels what dead engines left locked.
func (c Cluster) unlock(ctx context.Context, stack auto.Stack, stale *infra.Holder) error {
	locks, err := c.engineLocks()
	_, readable := c.stateDir()
	if err != nil || readable && len(locks) == 0 || !readable && stale == nil {
		return err
	}
	c.notify(infra.Event{Step: "repair", Detail: "cancelling the engine lock of a dead process"})
	if err := stack.Cancel(ctx); err != nil && readable {
		return fmt.Errorf("cancel engine lock of %s: %w", stack.Name(), brief(err))
	}
	return nil // where locks cannot be read there may have been none to cancel
}

// endEngine asks the engine of a dead holder to stop in order, and ends it when it does not.
func (c Cluster) endEngine(ctx context.Context, pid int) error {
	c.notify(infra.Event{Step: "repair", Detail: fmt.Sprintf("waiting up to %v for the engine of a dead operator to stop (pid %d)", enginePatience, pid)})
	syscall.Kill(pid, syscall.SIGINT)
	patience := time.After(enginePatience)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for alive(pid) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-patience:
			syscall.Kill(pid, syscall.SIGKILL)
			patience = nil
		case <-look.C:
		}
	}
	return nil
}

// alive reports whether a process runs the pulumi command under this number; the number may be another's by now.
func alive(pid int) bool {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		// A dead process that nobody has waited for has no program; elsewhere than on Linux there is no /proc.
		_, noProc := os.Stat("/proc/self/exe")
		return noProc != nil
	}
	base := filepath.Base(exe)
	return base == "pulumi" || base == "pulumi (deleted)"
}

// settle drops pending creates from the state and deletes what they may have made all the same: whatever carries the
// cluster's tags and is not in the state.
func (c Cluster) settle(ctx context.Context, stack auto.Stack, account *infra.Account, spec infra.Spec, died bool) error {
	st, err := readState(ctx, stack)
	if err != nil {
		return err
	}
	if st.pending == 0 && !died {
		return nil
	}
	if st.pending > 0 {
		c.notify(infra.Event{Step: "repair", Detail: fmt.Sprintf("%d operations were interrupted: asking the cloud what became of them", st.pending)})
		if _, err := stack.Refresh(ctx, optrefresh.ClearPendingCreates()); err != nil {
			return fmt.Errorf("refresh %s: %w", stack.Name(), brief(err))
		}
		if st, err = readState(ctx, stack); err != nil {
			return err
		}
	}
	return c.sweepStray(ctx, account, spec, st.ids())
}

// sweepStray deletes what carries the cluster's tags and is not known.
func (c Cluster) sweepStray(ctx context.Context, account *infra.Account, spec infra.Spec, known map[string]bool) error {
	listed, err := account.List(ctx, infra.Filter{Run: spec.ID})
	if err != nil {
		return err
	}
	var strays []infra.Resource
	for _, r := range listed {
		// Volumes belong to their instances, known or not, and go with them.
		if !known[r.ID] && r.Kind != infra.KindVolume {
			strays = append(strays, r)
		}
	}
	return account.Sweep(ctx, strays, func(r infra.Resource) {
		c.notify(infra.Event{Step: "sweep", Kind: string(r.Kind), Name: r.ID, Detail: "made by an interrupted call, not in the state"})
	})
}

// sweepStrays deletes strays again and again until ctx ends: they may be listed late. What it cannot delete is shown,
// and left to the list that ends every Down.
func (c Cluster) sweepStrays(ctx context.Context, account *infra.Account, spec infra.Spec, known map[string]bool) {
	for {
		if err := c.sweepStray(ctx, account, spec, known); err != nil && ctx.Err() == nil {
			c.notify(infra.Event{Step: "sweep", Detail: err.Error()})
		}
		if pause(ctx, time.Second) != nil {
			return
		}
	}
}
