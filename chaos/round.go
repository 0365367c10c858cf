package chaos

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"flashmob/inventory"
	"flashmob/manifest"
	"flashmob/orchestrator"
	"flashmob/worker"
)

// round is one run and what befalls it.
type round struct {
	*Config
	seed   uint64
	args   []string
	output string
	tally  Tally
	begun  time.Time
	last   worker.Status // of the initializer's present process
}

// lookEvery is how often the run is looked at between faults, lookWait how long its answer may take.
const (
	lookEvery = 250 * time.Millisecond
	lookWait  = 2 * time.Second
)

// followers are how an operator goes on after one that was killed, or failed, in the order in which they are tried: the last is
// for one that was killed before the run had begun.
var followers = [][]string{{"--attach"}, {"--resume"}, {"--force", "--evict"}}

// ErrNoEnd says that no operator brought a run to its end.
var ErrNoEnd = errors.New("no operator brings the run to its end")

// play runs the application to its end while faults befall it.
func (r *round) play(ctx context.Context, faults iter.Seq[Fault]) error {
	r.begun = time.Now()
	pull, stop := iter.Pull(faults)
	defer stop()
	o, err := r.operator(ctx, "--force", "--evict")
	if err != nil {
		return err
	}
	defer func() {
		o.kill()
		r.tally.Took = o.at.Sub(r.begun)
	}()
	next, more := pull()
	due, look := time.NewTimer(next.After), time.NewTicker(lookEvery)
	defer due.Stop()
	defer look.Stop()
	for tries := 0; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
			r.look(ctx)
			continue
		case <-o.ended:
			r.count(worker.Status{})
			if state, err := manifest.Look(r.output); err != nil || state == manifest.Finished {
				return err
			}
			if tries == len(followers) {
				return fmt.Errorf("%w: %s", ErrNoEnd, o.last())
			}
			r.say("operator ended: %s", o.last())
			if o, err = r.operator(ctx, r.follower(tries)...); err != nil {
				return err
			}
			tries++
			continue
		case <-due.C:
		}
		if !more {
			continue // nothing is left to befall it
		}
		r.say("%s", next)
		r.tally.Faults++
		if next.Host == Operator {
			o.kill()
			r.tally.Operators++
			tries = 0
			if state, err := manifest.Look(r.output); err != nil || state == manifest.Finished {
				return err
			}
			if o, err = r.operator(ctx, r.follower(0)...); err != nil {
				return err
			}
			tries++
		} else if err := r.hit(ctx, next); err != nil {
			return err
		}
		next, more = pull()
		due.Reset(next.After)
	}
}

// follower returns how the n-th operator after one goes on. There is nothing to attach to where no run was begun.
func (r *round) follower(n int) []string {
	if state, err := manifest.Look(r.output); err == nil && state != manifest.Begun {
		n = len(followers) - 1
	}
	return followers[n]
}

// hit lets a fault befall a host.
func (r *round) hit(ctx context.Context, f Fault) error {
	host, _ := r.Inventory.Host(f.Host)
	session, err := orchestrator.Login(ctx, r.Inventory, host)
	if err != nil {
		return err
	}
	_, err = session.Run(ctx, f.command())
	return errors.Join(err, session.Close())
}

// look takes note of what the initializer counts, where it answers: on the first host, or on another that holds a replica.
func (r *round) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	for _, host := range r.Inventory.Processing()[:max(r.Replicas, 1)] {
		session, err := orchestrator.Login(ctx, r.Inventory, host)
		if err != nil {
			continue // it is only for the tally
		}
		_, status, err := session.RunStatus(ctx)
		_ = session.Close()
		if err == nil {
			r.count(status)
			return
		}
	}
}

// count adds what the process before this one has counted.
func (r *round) count(now worker.Status) {
	if !now.Began.Equal(r.last.Began) {
		r.tally.Retried += r.last.Retried
		r.tally.Late += r.last.Late
		r.tally.TakenOver += r.last.TakenOver
	}
	r.tally.Restarts = max(r.tally.Restarts, now.Restarts)
	r.last = now
}

func (r *round) say(format string, args ...any) {
	r.Tell(fmt.Sprintf("  %5.1f s  ", time.Since(r.begun).Seconds()) + fmt.Sprintf(format, args...))
}

// operator is one process of the operator's program.
type operator struct {
	cmd   *exec.Cmd
	said  string // the file with what it says
	ended chan struct{}
	at    time.Time // when it ended
}

// operator starts an operator. What all of a round say is in one file beside its folder.
func (r *round) operator(ctx context.Context, how ...string) (*operator, error) {
	args := slices.Concat([]string{"run", "-o", r.output}, r.Target, how)
	if !slices.Contains(how, "--attach") {
		args = append(args, r.args...)
		if r.Replicas > 1 {
			args = append(args, "--replicas", strconv.Itoa(r.Replicas))
		}
	}
	said := r.output + ".log"
	if err := os.MkdirAll(filepath.Dir(said), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(said, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fmt.Fprintln(file, "$ flashmob", strings.Join(args, " "))
	o := &operator{cmd: exec.CommandContext(ctx, r.Program, args...), said: said, ended: make(chan struct{})}
	o.cmd.Stdout, o.cmd.Stderr = file, file
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this program, which then ends it
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = o.cmd.Wait() // how it ended shows in the folder
		o.at = time.Now()
		close(o.ended)
	}()
	return o, nil
}

// kill ends it as kill -9 does.
func (o *operator) kill() {
	_ = o.cmd.Process.Kill() // in vain where it has ended
	<-o.ended
}

// last returns the last lines that it said.
func (o *operator) last() string {
	text, err := os.ReadFile(o.said)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(len(lines)-3, 0):], "; ")
}

// Local returns the hosts of a run whose hosts are all this machine: a metrics host, an initializer and workers.
func Local(workers int) inventory.Inventory {
	inv := inventory.Local(workers + 1)
	inv.Hosts = append([]inventory.Host{{
		Role: inventory.MetricsHost, Name: inventory.HostName(inventory.MetricsHost, 1), Connection: inventory.LocalMachine, Addr: "127.0.0.1",
	}}, inv.Hosts...)
	return inv
}
