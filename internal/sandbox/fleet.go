package sandbox

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"flashmob/internal/sandbox/cloud"
	"flashmob/internal/sandbox/host"
	"flashmob/internal/sandbox/network"
)

// fleet is the server's running hosts: cloud.Machines made of namespaces.
type fleet struct {
	dir      string // a folder for each host below it
	program  string
	wires    *network.Switch
	lifeline *os.File // nil where the sandbox is not bound
	log      *slog.Logger

	mu    sync.Mutex
	hosts map[string]*host.Process
	rates map[string]int // of the links that are shaped
	waits sync.WaitGroup // for the goroutine that watches each host
}

var _ cloud.Machines = (*fleet)(nil)

func (f *fleet) folder(id string) string { return filepath.Join(f.dir, id) }

func (f *fleet) Start(m cloud.Machine, gone func(bool)) error {
	port := network.Port{Name: network.PortName(m.ID), VPC: m.VPC, Private: m.Private.Addr(), Gateway: m.Gateway,
		Public: m.Public}
	p, err := host.Start(f.program, f.folder(m.ID), m.Config, func(pid int) error {
		port.PID = pid
		return f.wires.Plug(port)
	}, f.wires.Namespace(), f.lifeline)
	if err != nil {
		return err
	}
	f.watch(m.ID, m.Public, p, gone)
	return f.shape(m.ID, p, m.Rate)
}

func (f *fleet) Adopt(id string, gone func(bool)) bool {
	p, err := host.Adopt(f.folder(id))
	if err != nil {
		return false
	}
	f.watch(id, netip.Addr{}, p, gone)
	return true
}

// watch waits for the host's end, tells of it, and clears what the kernel does not.
func (f *fleet) watch(id string, public netip.Addr, p *host.Process, gone func(bool)) {
	f.mu.Lock()
	f.hosts[id] = p
	f.mu.Unlock()
	f.waits.Go(func() {
		off := p.Wait()
		f.mu.Lock()
		delete(f.hosts, id)
		delete(f.rates, id)
		f.mu.Unlock()
		if public.IsValid() {
			_ = f.wires.Unplug(public) // gone already where the kernel was faster
		}
		gone(off)
	})
}

func (f *fleet) Wire(id, ruleset string, rate int) error {
	f.mu.Lock()
	p := f.hosts[id]
	f.mu.Unlock()
	if p == nil {
		return nil
	}
	ns, err := p.Network()
	if err != nil {
		return nil // it has just ended
	}
	defer ns.Close()
	if err := network.In(ns, func() error { return network.Run(ruleset, "nft", "-f", "-") }); err != nil {
		return fmt.Errorf("wire host %s: %w", id, err)
	}
	return f.shape(id, p, rate)
}

// shape does nothing for a link that has this rate already: most never have any.
func (f *fleet) shape(id string, p *host.Process, rate int) error {
	f.mu.Lock()
	same := f.rates[id] == rate
	f.rates[id] = rate
	f.mu.Unlock()
	if same {
		return nil
	}
	ns, err := p.Network()
	if err != nil {
		return nil
	}
	defer ns.Close()
	if err := f.wires.Shape(network.PortName(id), ns, rate); err != nil {
		return fmt.Errorf("shape link of host %s: %w", id, err)
	}
	return nil
}

func (f *fleet) Kill(id string) {
	f.mu.Lock()
	p := f.hosts[id]
	f.mu.Unlock()
	if p == nil {
		return
	}
	if err := p.Kill(); err != nil {
		f.log.Error("kill host", "instance", id, "err", err)
	}
}

// killAll ends every host and returns when the last is gone.
func (f *fleet) killAll() {
	f.mu.Lock()
	for _, p := range f.hosts {
		_ = p.Kill()
	}
	f.mu.Unlock()
	f.waits.Wait()
}
