package main

import (
	"context"
	"net"
	"strconv"
	"sync"

	"flashmob/dashboard"
)

// checkDashboard returns what is wrong with the address of the page: it is for who sits at this machine, and nobody else.
func checkDashboard(address string) error {
	if address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	number, portErr := strconv.Atoi(port)
	if ip := net.ParseIP(host); err != nil || portErr != nil || number < 0 || number > 65535 || ip == nil || !ip.IsLoopback() {
		return usagef("dashboard %q: must be a port of this machine alone, such as %s", address, dashboard.Address)
	}
	return nil
}

// watchRun lets a collector collect, and shows that at an address, if there is one, until the returned function is called.
func watchRun(ctx context.Context, address string, collector *dashboard.Collector, show *display) (over func(), err error) {
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	over = func() {
		stop()
		group.Wait()
	}
	if address == "" {
		group.Go(func() { _ = collector.Run(ctx) }) // it only ends
		return over, nil
	}
	listener, err := dashboard.Listen(address)
	if err != nil {
		stop()
		return nil, err
	}
	show.logger().Info("dashboard", "url", "http://"+listener.Addr().String()+"/")
	group.Go(func() {
		if err := dashboard.Serve(ctx, listener, collector); err != nil {
			show.logger().Warn("dashboard", "err", err)
		}
	})
	return over, nil
}
