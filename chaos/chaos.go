package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"flashmob/inventory"
	"flashmob/manifest"
	"flashmob/orchestrator"
)

// Config is what is to be tried.
type Config struct {
	// Program is the operator's program.
	Program string
	// Dir is a folder for inputs and results.
	Dir string
	// Inventory is the hosts.
	Inventory inventory.Inventory
	// Target are the flags that tell the program of them.
	Target []string
	// App is the application.
	App string
	// Records is how many records its input has.
	Records int
	// Seed and the number of the round decide what happens. Round i of seed s is round 0 of seed s+i.
	Seed uint64
	// Rounds is how many runs there are.
	Rounds int
	// Every is the mean pause between two faults.
	Every time.Duration
	// Replicas is how many hosts have the log, the first that process. Defaults to 1.
	Replicas int
	// Kill are the Targets that are hit.
	Kill []string
	// Tell gets a line about everything that happens.
	Tell func(line string)
}

// Tally is what came of the faults of one run, as far as it was seen: what an initializer counted in its last quarter of a
// second before a crash goes uncounted.
type Tally struct {
	Faults    int           // that befell it
	Restarts  int           // of the initializer
	Operators int           // that followed one that was killed
	Retried   int64         // batches that were handed out more than once
	Late      int64         // parts that came second, and were dropped
	TakenOver int64         // partitions whose owner was lost
	Took      time.Duration // from the first operator's start to the last one's end
}

func (t Tally) String() string {
	return fmt.Sprintf("%d faults, %d restarts of the initializer, %d operators; %d batches handed out again, %d parts late, %d partitions taken over; %.1f s",
		t.Faults, t.Restarts, t.Operators, t.Retried, t.Late, t.TakenOver, t.Took.Seconds())
}

// ErrDiffers says that a run's results are not those of one worker.
var ErrDiffers = errors.New("the results differ from those of one worker")

// SeedError says which seed a round failed with.
type SeedError struct {
	Seed uint64
	Err  error
}

func (e *SeedError) Error() string { return fmt.Sprintf("round of seed %d: %v", e.Seed, e.Err) }
func (e *SeedError) Unwrap() error { return e.Err }

// Check returns an error where the hosts are not enough for the replicas, or have no process that is to be hit.
func (c *Config) Check() error {
	if hosts := len(c.Inventory.Processing()); c.Replicas > hosts {
		return fmt.Errorf("replicas %d: only %d hosts process", c.Replicas, hosts)
	}
	if p := newPlan(c.Seed, c.Every, c.Inventory, c.Replicas, c.Kill); len(p.victims) == 0 && !p.op {
		return fmt.Errorf("kill %s: the run has no such process", strings.Join(c.Kill, ","))
	}
	return nil
}

// Run makes the reference and then the rounds, and ends with the first that fails: its folder is left, with what its operators
// said.
func (c *Config) Run(ctx context.Context) error {
	args, err := c.input()
	if err != nil {
		return fmt.Errorf("write input: %w", err)
	}
	reference := filepath.Join(c.Dir, "reference")
	cmd := exec.CommandContext(ctx, c.Program, append([]string{"run", "--local", "--workers", "1", "-q", "--force", "-o", reference}, args...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run of one worker: %w: %s", err, bytes.TrimSpace(text))
	}
	begun := time.Now()
	for i := range c.Rounds {
		seed := c.Seed + uint64(i)
		r := &round{Config: c, seed: seed, args: args, output: filepath.Join(c.Dir, fmt.Sprintf("round-%d", seed))}
		err := errors.Join(r.play(ctx, newPlan(seed, c.Every, c.Inventory, c.Replicas, c.Kill).faults()), c.clear(ctx))
		if err == nil {
			err = r.compare(ctx, reference)
		}
		if err != nil {
			return &SeedError{seed, err}
		}
		c.Tell(fmt.Sprintf("seed %d: the same results after %s", seed, r.tally))
		if err := os.RemoveAll(r.output); err != nil {
			return err
		}
	}
	c.Tell(fmt.Sprintf("%d rounds of %s in %.0f s: every one with the results of one worker", c.Rounds, c.App, time.Since(begun).Seconds()))
	return nil
}

// clear ends what a round has left on its hosts: processes whose operator was killed, or that wait for one to fetch something.
func (c *Config) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs []error
	for _, host := range c.Inventory.Hosts {
		session, err := orchestrator.Login(ctx, c.Inventory, host)
		if err == nil {
			_, err = session.Run(ctx, `for f in .flashmob/runs/*/*.pid; do [ -f "$f" ] && kill -9 "$(cat "$f")" 2>/dev/null; done; rm -rf .flashmob/runs/*`)
			err = errors.Join(err, session.Close())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// compare compares the results and rejects of a round with the reference, and proves that its folder is whole.
func (r *round) compare(ctx context.Context, reference string) error {
	if _, err := manifest.Verify(ctx, r.output, nil); err != nil {
		return err
	}
	want, err := filepath.Glob(filepath.Join(reference, "re*.csv"))
	if err == nil && len(want) == 0 {
		want, err = filepath.Glob(filepath.Join(reference, "re*.txt"))
	}
	if err != nil || len(want) == 0 {
		return fmt.Errorf("results in %s: %q, %w", reference, want, err)
	}
	for _, path := range want {
		right, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(r.output, filepath.Base(path)))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, right) {
			return fmt.Errorf("%s: %w: %d bytes, not %d", strings.TrimPrefix(path, reference+"/"), ErrDiffers, len(got), len(right))
		}
	}
	return nil
}
