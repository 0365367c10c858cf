package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"flashmob/input"
	"flashmob/inventory"
	"flashmob/timeline"
	"flashmob/worker"
)

// start starts the worker processes, if there are to be any, all at once.
func (o *Orchestrator) start(ctx context.Context) error {
	if o.Processes == 0 {
		return nil
	}
	in := o.initializer.Load()
	if err := o.invite(worker.Invitation{URL: in.URL(), Token: in.Token}); err != nil {
		return err
	}
	for i := range o.Processes {
		external, err := behind(o.External, i+1)
		if err != nil {
			return err
		}
		host := inventory.Host{Name: inventory.HostName(inventory.Worker, i+1), Role: inventory.Worker, Connection: inventory.LocalMachine}
		p, err := startProcess(ctx, host, o.WorkerProgram, worker.Invitation{
			Name: host.Name, Slots: share(o.Workers, o.Processes, i), URL: in.URL(), Token: in.Token, External: external, Env: o.Env,
			Access: input.Access(o.Identity.Inputs),
		})
		if err != nil {
			return fmt.Errorf("%s: start worker: %w", host.Name, err)
		}
		o.workers = append(o.workers, p)
		o.lanes.Begin(host.Name, timeline.Work)
	}
	return nil
}

// behind returns the address whose port is the n-th behind that of another; none for none.
func behind(address string, n int) (string, error) {
	if address == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("external %q: %w", address, err)
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return "", fmt.Errorf("external %q: %w", address, err)
	}
	return net.JoinHostPort(host, strconv.Itoa(first+n)), nil
}

// share returns how many of n slots the i-th of k processes gets.
func share(n, k, i int) int {
	if i < n%k {
		return n/k + 1
	}
	return n / k
}

// stop ends the worker processes and waits for them.
func (o *Orchestrator) stop() error {
	var errs []error
	for _, p := range o.workers {
		if err := p.stop(); err != nil {
			errs = append(errs, fmt.Errorf("%s: stop worker: %w", p.host.Name, err))
		}
	}
	return errors.Join(errs...)
}
