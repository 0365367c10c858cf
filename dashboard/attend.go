package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/worker"
)

// Address is where a page is, unless it is to be elsewhere or the port is taken.
const Address = "127.0.0.1:4000"

// portsTried is how many ports are tried, one after the other.
const portsTried = 20

// Listen listens at an address, or at the next port that is free.
func Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dashboard %q: %w", address, err)
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("dashboard %q: %w", address, err)
	}
	for n := first; ; n++ {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n)))
		if first == 0 || err == nil || !errors.Is(err, syscall.EADDRINUSE) || n == first+portsTried || n == 65535 {
			return listener, err
		}
	}
}

// Serve shows what a collector collects until ctx ends, to whoever asks the listener.
func Serve(ctx context.Context, listener net.Listener, c *Collector) error {
	server := &http.Server{Handler: Handler(c), ReadHeaderTimeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		return server.Close() // who reads sees that nothing comes any more
	})
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("dashboard: %w", err)
		}
		return nil
	})
	return group.Wait()
}

// lastLook is how long a run that is over is still shown: pages that are open ask every second.
const lastLook = 2500 * time.Millisecond

// Attend shows the run that config leads to, until it is over or ctx ends, and keeps the host awake as long. It writes
// the page's address to the file show.Found.
func Attend(ctx context.Context, show worker.Show, config worker.Config) error {
	listener, err := Listen(show.Address)
	if err != nil {
		return err
	}
	defer listener.Close()
	part := show.Found + ".part"
	if err := os.WriteFile(part, []byte(listener.Addr().String()), 0o600); err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	if err := os.Rename(part, show.Found); err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	c := NewCollector(nil, config.Name)
	group, ctx := errgroup.WithContext(ctx)
	shown, stop := context.WithCancel(ctx)
	group.Go(func() error { return Serve(shown, listener, c) })
	group.Go(func() error {
		defer stop()
		if err := worker.Watch(ctx, config, c); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(lastLook):
		}
		return nil
	})
	return group.Wait()
}
