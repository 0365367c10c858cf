package main

import (
	"cmp"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"flashmob/inventory"
)

func newSSHCommand() *cobra.Command {
	var target targetFlags
	cmd := &cobra.Command{
		Use:   "ssh HOST [-- COMMAND]",
		Short: "Log in to a host of the cluster",
		Long: `Ssh becomes the ssh command of this machine, with the cluster's key, and with the
host keys that up has pinned: another host under the same address is refused.`,
		Example: `  flashmob ssh initializer-1
  flashmob ssh workers-1 -- uptime`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 1 && cmd.ArgsLenAtDash() != 1 {
				return withHint(usagef("ssh: one host is needed, and -- before a command for it"), "flashmob hosts lists them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runSSH(target, args[0], args[1:]) },
	}
	target.register(cmd.Flags())
	return cmd
}

func runSSH(target targetFlags, name string, command []string) error {
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
	return &os.PathError{Op: "start", Path: program, Err: syscall.Exec(program, sshArguments(inv, host, command), os.Environ())}
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
