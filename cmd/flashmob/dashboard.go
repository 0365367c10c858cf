package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"flashmob/dashboard"
)

// dashboardAddress is where the page is, unless the user says otherwise or the port is taken.
const dashboardAddress = "127.0.0.1:4000"

// portsTried is how many ports are tried, one after the other.
const portsTried = 20

// checkDashboard returns what is wrong with the address of the page: it is for who sits at this machine, and nobody else.
func (flags runFlags) checkDashboard() error {
	if flags.dashboard == "" {
		return nil
	}
	if !flags.local {
		return withHint(usagef("run: --dashboard is for runs on this machine"), "add --local")
	}
	host, port, err := net.SplitHostPort(flags.dashboard)
	number, portErr := strconv.Atoi(port)
	if ip := net.ParseIP(host); err != nil || portErr != nil || number < 0 || number > 65535 || ip == nil || !ip.IsLoopback() {
		return usagef("dashboard %q: must be a port of this machine alone, such as %s", flags.dashboard, dashboardAddress)
	}
	return nil
}

// listenNear listens at an address, or at the next port that is free.
func listenNear(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	for n := first; ; n++ {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n)))
		if first == 0 || err == nil || !errors.Is(err, syscall.EADDRINUSE) || n == first+portsTried || n == 65535 {
			return listener, err
		}
	}
}

// serveDashboard shows what a collector collects until the returned function is called.
func serveDashboard(ctx context.Context, address string, collector *dashboard.Collector, show *display) (over func(), err error) {
	listener, err := listenNear(address)
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", address, err)
	}
	show.logger().Info("dashboard", "url", "http://"+listener.Addr().String()+"/")
	ctx, stop := context.WithCancel(ctx)
	server := &http.Server{Handler: dashboard.Handler(collector), ReadHeaderTimeout: 10 * time.Second}
	var group sync.WaitGroup
	group.Go(func() { _ = collector.Run(ctx) }) // it only ends
	group.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			show.logger().Warn("dashboard", "err", err)
		}
	})
	return func() {
		stop()
		_ = server.Close() // who reads sees that nothing comes any more
		group.Wait()
	}, nil
}
