package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"flashmob/inventory"
	"flashmob/orchestrator"
)

// targetFlags say which hosts a command looks at: those of a cluster, or those of an inventory.
type targetFlags struct {
	stack     string
	inventory string
}

func (t *targetFlags) register(f *pflag.FlagSet) {
	f.StringVarP(&t.inventory, "inventory", "i", "", "look at the hosts of this `FILE`, in Ansible's YAML (default: those that flashmob up made)")
	f.StringVar(&t.stack, "stack", "", "`NAME` of the cluster (default flashmob)")
}

func (t targetFlags) hosts() (inventory.Inventory, error) { return hosts(t.inventory, t.stack) }

// pick returns the hosts that the arguments name, or all of them.
func pick(inv inventory.Inventory, names []string) ([]inventory.Host, error) {
	if len(names) == 0 {
		return inv.Hosts, nil
	}
	var picked []inventory.Host
	for _, name := range names {
		host, ok := inv.Host(name)
		if !ok {
			return nil, noSuchHost(inv, name)
		}
		picked = append(picked, host)
	}
	return picked, nil
}

func noSuchHost(inv inventory.Inventory, name string) error {
	var known []string
	for _, h := range inv.Hosts {
		known = append(known, h.Name)
	}
	return withHint(usagef("host %q: not in the inventory", name), "there are %s", strings.Join(known, ", "))
}

const (
	// loginWait is how long a host may take to answer one that only looks.
	loginWait = 10 * time.Second
	// loginsAtOnce keeps the operator's own machine from opening hundreds of connections in the same moment.
	loginsAtOnce = 32
)

// onHosts logs in to all hosts at once and works on each; errors come back in the hosts' order, nil where all went well.
func onHosts(ctx context.Context, inv inventory.Inventory, hosts []inventory.Host,
	work func(ctx context.Context, i int, s *orchestrator.Session) error,
) []error {
	errs := make([]error, len(hosts))
	var group sync.WaitGroup
	slots := make(chan struct{}, loginsAtOnce)
	for i, host := range hosts {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			login, cancel := context.WithTimeoutCause(ctx, loginWait, errors.New("no answer"))
			defer cancel()
			session, err := orchestrator.Login(login, inv, host)
			if err != nil {
				errs[i] = err
				return
			}
			defer session.Close()
			errs[i] = work(ctx, i, session)
		})
	}
	group.Wait()
	return errs
}
