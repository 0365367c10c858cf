package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"flashmob/dashboard"
	"flashmob/infra"
	"flashmob/inventory"
	"flashmob/timeline"
)

func newDashCommand() *cobra.Command {
	var target targetFlags
	address := dashboard.Address
	cmd := &cobra.Command{
		Use:   "dash",
		Short: "Show the run on the cluster as a page on this machine",
		Long: `Dash forwards the page that the metrics host shows through the SSH connection to
this machine, and prints its address, until Ctrl-C. The page is on loopback
addresses only, there and here, and only reads. It stays for later runs too.`,
		Example: `  flashmob dash
  flashmob dash --address 127.0.0.1:4100`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDash(cmd, target, address) },
	}
	target.register(cmd.Flags())
	cmd.Flags().StringVar(&address, "address", address, "`HOST:PORT` of this machine, or the next free port")
	return cmd
}

// errNoMetricsHost says that there is nobody to show the run.
var errNoMetricsHost = errors.New("inventory: no host in the group metrics_host")

// metricsHost returns the host that shows runs.
func metricsHost(inv inventory.Inventory) (inventory.Host, error) {
	hosts := inv.ByRole(inventory.MetricsHost)
	if len(hosts) == 0 {
		return inventory.Host{}, errNoMetricsHost
	}
	return hosts[0], nil
}

func runDash(cmd *cobra.Command, target targetFlags, address string) error {
	if err := checkDashboard(address); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	session, err := loginToPage(ctx, target)
	if err != nil {
		return err
	}
	defer session.Close()
	wire, err := session.DialPage(ctx)
	if err != nil {
		return err
	}
	wire.Close() // it was only to see whether there is a page
	listener, err := dashboard.Listen(address)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "http://%s/\n", listener.Addr())
	return forward(ctx, listener, session.DialPage)
}

// dialer connects to a page.
type dialer = func(ctx context.Context) (net.Conn, error)

// forward passes on what comes to the listener until ctx ends. Who comes while there is nothing to pass it to is cut off: a
// page says so, and tries again.
func forward(ctx context.Context, listener net.Listener, dial dialer) error {
	var group sync.WaitGroup
	defer group.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		near, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("forward: %w", err)
		}
		group.Go(func() {
			defer near.Close()
			reaching, cancel := context.WithTimeout(ctx, loginWait)
			defer cancel()
			far, err := dial(reaching)
			if err != nil {
				return
			}
			defer far.Close()
			defer context.AfterFunc(ctx, func() {
				near.Close()
				far.Close()
			})()
			var both sync.WaitGroup
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				both.Go(func() {
					_, _ = io.Copy(way[0], way[1]) // how it ends does not matter: both ends see it
					near.Close()
					far.Close()
				})
			}
			both.Wait()
		})
	}
}

// forwarder forwards the page of a run for as long as the run is followed, and looks at it every second for the report. The zero value forwards nothing.
type forwarder struct {
	seen  dashboard.Recorder
	stop  context.CancelFunc
	group sync.WaitGroup
}

// open begins to forward, and says where. A page that cannot be forwarded is not worth a run. It is called once at most.
func (f *forwarder) open(address string, dial dialer, log *slog.Logger) {
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.group.Go(func() { f.look(ctx, dial) })
	listener, err := dashboard.Listen(address)
	if err != nil {
		log.Warn("no page here: flashmob dash shows it", "err", err)
		return
	}
	log.Info("dashboard", "url", "http://"+listener.Addr().String()+"/")
	f.group.Go(func() {
		if err := forward(ctx, listener, dial); err != nil {
			log.Warn("no page here any more: flashmob dash shows it", "err", err)
		}
	})
}

// look takes in what the page shows, every second until ctx ends. What is missed is missing in the report's picture, and in
// nothing else.
func (f *forwarder) look(ctx context.Context, dial dialer) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if v, err := pageView(ctx, dial); err == nil {
			f.seen.Take(v)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *forwarder) close() {
	if f.stop != nil {
		f.stop()
	}
	f.group.Wait()
}

// teller returns what says what is known here of the cluster and the run.
func (flags runFlags) teller() func([]timeline.Span) any {
	return func(spans []timeline.Span) any {
		told := dashboard.Told{Spans: spans}
		if flags.inventory == "" {
			files := cloudFlags{stack: flags.stack}.files()
			if record, err := infra.ReadRecord(files.Record()); err == nil { // else nothing is known of it
				told.Cluster = viewCluster(record, files, time.Now())
			}
		}
		return told
	}
}
