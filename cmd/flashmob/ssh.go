package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"flashmob/inventory"
	"flashmob/orchestrator"
)

func newSSHCommand() *cobra.Command {
	var target targetFlags
	cmd := &cobra.Command{
		Use:   "ssh HOST [-- COMMAND]",
		Short: "Log in to a host of the cluster",
		Long: `Ssh starts the ssh command of this machine, with the cluster's key, and with the
host keys that up has pinned: another host under the same address is refused.
While you are there the host does not power itself off for being idle. The exit
code is that of ssh.`,
		Example: `  flashmob ssh initializer-1
  flashmob ssh workers-1 -- uptime`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 1 && cmd.ArgsLenAtDash() != 1 {
				return withHint(usagef("ssh: one host is needed, and -- before a command for it"), "flashmob hosts lists them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runSSH(cmd.Context(), target, args[0], args[1:]) },
	}
	target.register(cmd.Flags())
	return cmd
}

func runSSH(ctx context.Context, target targetFlags, name string, command []string) error {
	inv, err := target.hosts()
	if err != nil {
		return err
	}
	host, ok := inv.Host(name)
	if !ok {
		return noSuchHost(inv, name)
	}
	program, err := exec.LookPath("ssh")
	if err != nil {
		return withHint(&os.PathError{Op: "start", Path: "ssh", Err: errNoProgram},
			"install it (apt-get install openssh-client); flashmob itself does without")
	}
	signal.Ignore(os.Interrupt) // Ctrl-C is for what runs over there
	defer signal.Reset(os.Interrupt)
	ctx, leave := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { keepAwake(ctx, inv, host) })
	cmd := exec.Command(program)
	cmd.Args, cmd.Stdin, cmd.Stdout, cmd.Stderr = sshArguments(inv, host, command), os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	leave()
	keeping.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() > 0 {
		return statusError(ended.ExitCode())
	}
	return err
}

// statusError is the exit status of a command that has said itself what was wrong.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// touchEvery is how often a host is told that an operator is there.
const touchEvery = 5 * time.Second

// keepAwake tells a host again and again that an operator is there, until ctx ends. What keeps it from that is ssh's to
// tell: it goes the same way.
func keepAwake(ctx context.Context, inv inventory.Inventory, host inventory.Host) {
	session, err := orchestrator.Login(ctx, inv, host)
	if err != nil {
		return
	}
	defer session.Close()
	tick := time.NewTicker(touchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if session.Touch(ctx) != nil {
			return
		}
	}
}

// sshArguments are those of the ssh command, its own name first.
func sshArguments(inv inventory.Inventory, host inventory.Host, command []string) []string {
	args := []string{"ssh", "-o", "StrictHostKeyChecking=yes"}
	if inv.KnownHosts != "" {
		args = append(args, "-o", "UserKnownHostsFile="+strconv.Quote(inv.KnownHosts), "-o", "GlobalKnownHostsFile=none")
	}
	if inv.KeyFile != "" {
		args = append(args, "-i", inv.KeyFile, "-o", "IdentitiesOnly=yes")
	}
	if host.User != "" {
		args = append(args, "-l", host.User)
	}
	args = append(args, "-p", strconv.Itoa(cmp.Or(host.Port, 22)), host.Address())
	if len(command) > 0 {
		args = append(args, "--")
	}
	return append(args, command...)
}
