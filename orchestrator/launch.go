package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"flashmob/input"
	"flashmob/inventory"
	"flashmob/worker"
)

// patienceAfter is how long a finished run waits for an operator who went away, before its processes end. What it has
// gathered stays on the initializer's host.
const patienceAfter = 30 * time.Minute

// invitation returns what the worker of a host is told.
func (c *Cluster) invitation(r *remote) worker.Invitation {
	invitation := worker.Invitation{
		Name: r.host.Name, Slots: c.slots(r.host), URL: c.logURL(), Token: c.token, CA: c.identity.Certificate, Free: true,
		Operator: c.leash(), Guarded: r.host.Role != inventory.MetricsHost, Env: c.Env, Access: input.Access(c.Identity.Inputs),
	}
	if r.host.Role == inventory.MetricsHost {
		invitation.Show = c.show(r)
	}
	if r.host.Role == inventory.Initializer && c.replicas == nil {
		listen := net.JoinHostPort(r.host.Inside(), strconv.Itoa(c.Port))
		invitation.Appointment = &worker.Appointment{
			Run: c.folder.Run, Folder: path.Join(r.home, c.runFolder(), resultsFolder), Listen: listen,
			Socket: c.socket(r), Identity: c.identity, BatchRows: c.BatchRows, Patience: patienceAfter, Spool: c.Detach, By: c.By, Done: c.done,
			Sync: c.Sync, AckWait: c.AckWait, SnapshotEvery: c.SnapshotEvery, Hosts: len(c.Inventory.Processing()),
		}
	}
	return invitation
}

// slots returns how many slots a host is to have; 0 for one a core.
func (c *Cluster) slots(host inventory.Host) int {
	hosts := c.Inventory.Processing()
	at := slices.IndexFunc(hosts, func(h inventory.Host) bool { return h.Name == host.Name })
	if c.Slots == 0 || at < 0 {
		return 0
	}
	return share(c.Slots, len(hosts), at)
}

// leash returns the process that those of the run end with; 0 for none.
func (c *Cluster) leash() int {
	if c.Tied {
		return os.Getpid()
	}
	return 0
}

// socket returns the path of the control's socket.
func (c *Cluster) socket(r *remote) string { return path.Join(r.home, c.runFolder(), "control") }

// files returns the paths of a process's log and process ID, on its host.
func (c *Cluster) files(process string) (log, pid string) {
	base := path.Join(c.runFolder(), process)
	return base + ".log", base + ".pid"
}

// start starts the worker of a host in the run's working folder, in a session of its own: it outlives the connection.
// On the initializer it takes away what is left of finished runs.
func (c *Cluster) start(ctx context.Context, r *remote, p parcel) error {
	return c.launch(ctx, r, p, r.host.Name, c.invitation(r))
}

// launch starts one of a host's processes, unless it is there already.
func (c *Cluster) launch(ctx context.Context, r *remote, p parcel, process string, invitation worker.Invitation) error {
	text, err := json.Marshal(invitation)
	if err != nil {
		return err
	}
	log, pid := c.files(process)
	// The invitation holds secrets: it goes through a file that only the login can read, and that is gone at once.
	command := fmt.Sprintf(`set -e; p=$(cat %[4]s 2>/dev/null || true); case "$(sed 's/.*) //; s/ .*//' "/proc/${p:-none}/stat" 2>/dev/null)" in ""|Z|X) ;; *) exit 0;; esac; `+
		`umask 077; for f in .flashmob/runs/*/%[6]s; do [ ! -e "$f" ] || rm -rf "${f%%/*}"; done; `+
		`cat > %[2]s.in; exec 3< %[2]s.in; rm %[2]s.in; cd %[1]s; `+
		`setsid %[3]s <&3 3<&- >> %[5]s/%[2]s 2>&1 & echo $! > %[5]s/%[4]s`, quote(c.workFolder()), quote(log),
		quote(path.Join(r.home, p.path())), quote(pid), quote(r.home), fetchedMark)
	_, err = r.run(ctx, command, bytes.NewReader(append(text, '\n')))
	return err
}

// ErrWorkerDied says that a worker process ended before its time.
var ErrWorkerDied = errors.New("worker ended")

// died returns an error with the end of the log if the process of a host is not running that is the run's initializer, or may
// become it.
func (c *Cluster) died(ctx context.Context, r *remote) error {
	log, pid := c.files(c.initializes(r.host))
	// A process that nobody has waited for still answers kill -0; and one that was killed has said nothing.
	out, err := r.run(ctx, fmt.Sprintf(`p=$(cat %s 2>/dev/null); case "$(sed 's/.*) //; s/ .*//' "/proc/${p:-none}/stat" 2>/dev/null)" in `+
		`""|Z|X) echo ended; tail -c 2000 %s 2>/dev/null || true;; esac`, quote(pid), quote(log)), nil)
	if err != nil {
		return err
	}
	last, ended := strings.CutPrefix(out, "ended\n")
	if !ended {
		return nil
	}
	if last = strings.TrimSpace(last); last == "" {
		last = "it left no word"
	}
	return fmt.Errorf("%w: %s", ErrWorkerDied, last)
}

// stopWait is how long ending the processes of a run may take.
const stopWait = 20 * time.Second

// resultsFolder is where the initializer gathers, in the run's folder. When all of it has come home, fetchedMark is left
// beside it: it may be fetched again until the next run needs the room.
const (
	resultsFolder = "results"
	fetchedMark   = "fetched"
)

// stop ends the processes on all hosts and takes away the run's files, but for the results on the initializer if they
// are to be kept. A host that cannot be reached any more is reported: if it lives, its own clock ends it.
func (c *Cluster) stop(ctx context.Context, keep bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	c.mu.Lock()
	remotes := slices.Clone(c.remotes)
	c.mu.Unlock()
	errs := make([]error, len(remotes))
	var silent []string
	var group sync.WaitGroup
	for i, r := range remotes {
		group.Go(func() {
			_, pid := c.files(r.host.Name)
			if c.holdsReplica(r.host) {
				_, replica := c.files(replicaOf(r.host))
				pid = quote(replica) + " " + quote(pid)
			} else {
				pid = quote(pid)
			}
			clear := "rm -rf " + quote(c.runFolder())
			if keep && c.gathers(r.host) && !c.Tied {
				clear = fmt.Sprintf(`{ cd %s && for f in *; do [ "$f" = %s ] || rm -rf "$f"; done; : > %s; }`, quote(c.runFolder()), resultsFolder, fetchedMark)
			}
			early := "5|10"        // fiftieths of a second
			if c.gathers(r.host) { // it may yet have its folder to finish
				early = "never"
			}
			// Most have left by themselves. One that came too late to find anybody still looks for the run: it is told twice
			// that there is none. Who does not hear has no choice. What a guard started dies with it, a moment later.
			command := fmt.Sprintf(`[ -n "$(cat %[1]s 2>/dev/null)" ] || exit 0; for f in %[1]s; do p=$(cat "$f") || continue; i=0; while [ $i -lt 50 ] && `+
				`case "$(sed 's/.*) //; s/ .*//' /proc/$p/stat 2>/dev/null)" in ""|Z|X) false;; esac; do `+
				`i=$((i+1)); case $i in %[3]s) kill $p 2>/dev/null;; esac; sleep 0.02; done; `+
				`kill -9 $p 2>/dev/null; done; %[2]s || { sleep 0.1; %[2]s; }`, pid, clear, early)
			if keep && r.host.Role == inventory.MetricsHost { // pages that are open are to see the end: it ends by itself, or is made to
				command = fmt.Sprintf(`p=$(cat %s) && { setsid sh -c "sleep 4; kill -9 $p" > /dev/null 2>&1 < /dev/null & }; %s`, pid, clear)
			}
			_, errs[i] = r.run(ctx, command, nil)
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			silent = append(silent, remotes[i].host.Name)
			c.Log.Debug("end processes", "host", remotes[i].host.Name, "err", err)
		}
	}
	if len(silent) > 0 {
		c.Log.Warn("gone, or do not answer any more", "hosts", strings.Join(silent, " "))
	}
}
