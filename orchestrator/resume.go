package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"path"

	"flashmob/inventory"
)

// BusyError says that a run goes on on hosts where another was to begin.
type BusyError struct {
	Run string // its ID
	By  string // who began it, and when; may be empty
}

func (e *BusyError) Error() string {
	if e.By == "" {
		return fmt.Sprintf("run %s goes on here", e.Run)
	}
	return fmt.Sprintf("run %s goes on here: %s", e.Run, e.By)
}

// resumeFolder opens the folder of the run that is to go on, and takes note of what it has.
func (c *Cluster) resumeFolder() error {
	folder, err := resumeFolder(c.Output, c.Identity)
	if err != nil {
		return err
	}
	c.folder = folder
	keyed := false
	if c.Flow != nil {
		f, err := c.Flow(folder.Run.App, folder.Run.Settings)
		if err != nil {
			return errors.Join(err, folder.Close())
		}
		keyed = len(f.Keyed()) > 0
	}
	if keyed && len(folder.Parts) > 0 { // the state of its keys went with its workers
		if err := folder.Rewind(); err != nil {
			return errors.Join(err, folder.Close())
		}
	}
	c.done = append(c.done, folder.Parts...)
	return nil
}

// clear makes way for the run on a host. A run that goes on there is not touched unless Evict says so, or it is the one that
// this one replaces; what one left that does not answer any more is ended and taken away, where it is the one that is
// resumed.
func (c *Cluster) clear(ctx context.Context, r *remote) error {
	first := r.host.Role == inventory.Initializer
	if !c.Evict && first && !c.Tied {
		switch id, status, err := r.runStatus(ctx); {
		case (err == nil || errors.Is(err, ErrElsewhere)) && id != c.Replaces:
			return &BusyError{Run: id, By: status.By}
		case err != nil && !errors.Is(err, ErrNoRun) && !errors.Is(err, ErrElsewhere):
			return fmt.Errorf("look for another run: %w", err)
		}
	}
	if first {
		close(c.vacant)
	}
	if c.Tied {
		return nil
	}
	folders := c.runFolder()
	switch {
	case c.Evict:
		folders = ".flashmob/runs/*"
	case c.Replaces != "":
		folders = quote(path.Join(".flashmob/runs", c.Replaces))
	case !c.Resume:
		return nil // its ID is new
	}
	select {
	case <-c.vacant: // what is ended here belongs to no run that goes on
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	out, err := r.run(ctx, fmt.Sprintf(`for d in %s; do [ -d "$d" ] || continue; echo "$d"; `+
		`for p in "$d"/*.pid; do [ -f "$p" ] && kill -9 "$(cat "$p")" 2>/dev/null; done; rm -rf "$d" || { sleep 0.1; rm -rf "$d"; }; done`, folders), nil)
	if err != nil {
		return fmt.Errorf("end what an earlier run left: %w", err)
	}
	if out != "" && !c.Resume {
		c.Log.Warn("ended an earlier run", "host", r.host.Name)
	}
	return nil
}
