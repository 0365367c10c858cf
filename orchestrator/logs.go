package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"flashmob/manifest"
)

const (
	// logLimit is how much of the end of a host's log comes home.
	logLimit = 1 << 20
	// logsWait is how long fetching the logs may take.
	logsWait = 10 * time.Second
)

// logsError is the error of a run whose logs are at home.
type logsError struct {
	error
	folder string
}

func (e logsError) Error() string { return e.error.Error() + "\nlogs of the hosts: " + e.folder }
func (e logsError) Unwrap() error { return e.error }

// keepLogs brings the end of every host's log home and returns the error with word of where they are. A host that does
// not answer any more has none.
func (c *Cluster) keepLogs(ctx context.Context, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logsWait)
	defer cancel()
	c.mu.Lock()
	remotes := slices.Clone(c.remotes)
	c.mu.Unlock()
	folder := filepath.Join(c.Output, manifest.LogsFolder)
	errs := make([]error, len(remotes))
	kept := make([]bool, len(remotes))
	var group sync.WaitGroup
	for i, r := range remotes {
		group.Go(func() {
			log, _ := c.files(r.host.Name)
			text, err := r.run(ctx, fmt.Sprintf("[ ! -e %[1]s ] || tail -c %[2]d %[1]s", quote(log), logLimit), nil)
			if err != nil { // stop says so
				c.Log.Debug("its log stays there", "host", r.host.Name, "err", err)
				return
			}
			if text == "" {
				return
			}
			if errs[i] = os.MkdirAll(folder, 0o755); errs[i] == nil {
				errs[i] = os.WriteFile(filepath.Join(folder, r.host.Name+".log"), []byte(text), 0o644)
			}
			kept[i] = errs[i] == nil
		})
	}
	group.Wait()
	if slices.Contains(kept, true) {
		failure = logsError{failure, folder}
	}
	return errors.Join(append([]error{failure}, errs...)...)
}
