package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"flashmob/dashboard"
	"flashmob/orchestrator"
)

func newTopCommand() *cobra.Command {
	var target targetFlags
	var page string
	var once bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Show the figures of a run's page in the terminal",
		Long: `Top shows what the run's page shows, every second until Ctrl-C: that of the
cluster's metrics host through SSH, or with --page that of a run on this machine
(flashmob run --local --dashboard). Where the output is no terminal it shows it
once.`,
		Example: `  flashmob top
  flashmob top --once
  flashmob top --page 127.0.0.1:4000`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runTop(cmd, target, page, once) },
	}
	target.register(cmd.Flags())
	cmd.Flags().StringVar(&page, "page", "", "`HOST:PORT` of a page on this machine, in place of the cluster's")
	cmd.Flags().BoolVar(&once, "once", false, "show it once")
	return cmd
}

func runTop(cmd *cobra.Command, target targetFlags, page string, once bool) error {
	if err := checkDashboard(page); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dial := func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", page) }
	if page == "" {
		session, err := loginToPage(ctx, target)
		if err != nil {
			return err
		}
		defer session.Close()
		dial = session.DialPage
	}
	out := cmd.OutOrStdout()
	file, isFile := out.(*os.File)
	if once = once || !isFile || !term.IsTerminal(int(file.Fd())); once {
		v, err := pageView(ctx, dial)
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, topText(v))
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		text := ""
		v, err := pageView(ctx, dial)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			text = "nothing is shown: " + printable(err.Error()) + "; trying again every second\n"
		default:
			text = topText(v)
		}
		// Line by line over what stands there, so that nothing flickers; what is below is cleared.
		if _, err := io.WriteString(out, "\x1b[H"+strings.ReplaceAll(text, "\n", "\x1b[K\n")+"\x1b[J"); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// loginToPage returns a session on the host that shows runs.
func loginToPage(ctx context.Context, target targetFlags) (*orchestrator.Session, error) {
	inv, err := target.hosts()
	if err != nil {
		return nil, err
	}
	host, err := metricsHost(inv)
	if err != nil {
		return nil, err
	}
	login, cancel := context.WithTimeoutCause(ctx, loginWait, errors.New("no answer"))
	defer cancel()
	return orchestrator.Login(login, inv, host)
}

// topText is what top shows of a view.
func topText(v *dashboard.View) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) {
		for i := range args {
			args[i] = printable(fmt.Sprint(args[i]))
		}
		fmt.Fprintf(w, format+"\n", args...)
	}
	known := func(v *float64, write func(float64) string) string {
		if v == nil {
			return "not known"
		}
		return write(*v)
	}
	if c := v.Cluster; c != nil {
		line("cluster\t%s: %s, %s so far, %s expected, powers itself off in %s", c.ID, c.State, dashboard.Dollars(c.Dollars),
			known(c.Expected, dashboard.Dollars), known(c.EndsIn, dashboard.Seconds))
	}
	r := v.Run
	if r == nil {
		line("run\tnone yet")
		w.Flush()
		return text.String()
	}
	failed := ""
	if r.Error != "" {
		failed = " (" + r.Error + ")"
	}
	line("run\t%s %s: %s%s", r.App, r.ID, r.State, failed)
	line("done\t%s, %s left", known(r.Fraction, dashboard.Percent), known(r.Left, dashboard.Seconds))
	line("records\t%s = %s out + %s rejected", dashboard.Count(r.Records), dashboard.Count(r.Out), dashboard.Count(r.Rejected))
	line("rate\t%s, %s of input", known(r.Rows, dashboard.RowRate), known(r.Bytes, func(b float64) string { return dashboard.Rate(b, "B") }))
	line("waits\t%s", cmp.Or(r.Waits, "for nothing"))
	line("trouble\t%s", trouble(r))
	w.Flush()
	fmt.Fprintf(w, "\nWORKER\tSLOTS\tRECORDS\tROWS/S\tMIN\tMEDIAN\tMAX\t\n")
	for _, one := range r.Workers {
		rates := "–\t–\t–\t–"
		if s := one.Rows; s != nil {
			rates = strings.Join([]string{dashboard.RowRate(s.Now), dashboard.RowRate(s.Least), dashboard.RowRate(s.Median), dashboard.RowRate(s.Most)}, "\t")
		}
		lost := ""
		if one.Lost {
			lost = "lost"
		}
		fmt.Fprintf(w, "%s\t%d of %d\t%s\t%s\t%s\n", printable(one.Name), one.Busy, one.Slots, dashboard.Count(one.Records), rates, lost)
	}
	w.Flush()
	fmt.Fprintf(w, "\nSTAGE\tBATCHES\t50 %%\t95 %%\t99 %%\t99.9 %%\t99.99 %%\n")
	for _, s := range r.Process {
		l := s.Latency
		fmt.Fprintf(w, "%s\t%s", printable(s.Name), dashboard.Count(s.Batches))
		for _, at := range []float64{l.P50, l.P95, l.P99, l.P999, l.P9999} {
			fmt.Fprintf(w, "\t%s", dashboard.Seconds(at))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return text.String()
}

// trouble says what a run had to do twice or otherwise, because somebody was slow or is gone.
func trouble(r *dashboard.Run) string {
	return fmt.Sprintf("%d batches redelivered, %d partitions taken over, %d parts dropped", r.Retried, r.TakenOver, r.Late)
}
