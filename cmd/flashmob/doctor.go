package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flashmob/infra"
)

// doctorFlags are the flags of flashmob doctor.
type doctorFlags struct {
	cloudFlags
	region string
	policy bool
	look   lookFlags
}

func newDoctorCommand() *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that clusters can be made from here",
		Long: `Doctor checks what flashmob up and run need: credentials and the way to the
account, the clock, the pulumi command, the programs that belong beside flashmob,
room on the disk, and for the sandbox what it needs of this machine. It makes
nothing in the cloud. The exit code is 4 when something is missing.`,
		Example: `  flashmob doctor
  flashmob doctor --cloud sandbox
  flashmob doctor --policy --region eu-central-1 > policy.json   # what an account has to allow`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd, &flags) },
	}
	f := cmd.Flags()
	flags.cloudFlags.register(f)
	f.StringVar(&flags.region, "region", "", "`REGION` to ask in (default us-west-2)")
	f.BoolVar(&flags.policy, "policy", false, "print an IAM policy that allows what is needed, and no more")
	flags.look.register(f)
	return cmd
}

// finding is what a check found.
type finding struct {
	Check   string `json:"check"`
	Problem bool   `json:"problem"`
	Found   string `json:"found"`
	Hint    string `json:"hint,omitempty"`
}

func fine(format string, args ...any) finding { return finding{Found: fmt.Sprintf(format, args...)} }

func problem(hint string, format string, args ...any) finding {
	return finding{Problem: true, Found: fmt.Sprintf(format, args...), Hint: hint}
}

func runDoctor(cmd *cobra.Command, flags *doctorFlags) error {
	region := cmp.Or(flags.region, infra.Spec{}.WithDefaults().Region)
	if flags.policy {
		_, err := io.WriteString(cmd.OutOrStdout(), infra.Policy(region))
		return err
	}
	w, err := flags.enter(cmd.Context())
	var findings []finding
	note := func(check string, f finding) {
		f.Check = check
		findings = append(findings, f)
	}
	switch {
	case err != nil && flags.cloud != cloudSandbox:
		return err
	case err != nil:
		note("sandbox", problem("apt-get install openssh-server nftables iproute2; be root", "%v", err))
	case flags.cloud == cloudSandbox:
		note("sandbox", fine("runs in %s", sandboxFolder))
	}
	if err == nil {
		for _, f := range checkAccount(cmd.Context(), cmp.Or(flags.region, w.Region, region)) {
			note(f.Check, f)
		}
	}
	note("pulumi", checkPulumi(cmd.Context()))
	for _, program := range []string{"infra", "sandbox"} {
		if program != "sandbox" || flags.cloud == cloudSandbox {
			note(program, checkBeside(program))
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		note("worker for "+arch, checkWorker(arch))
	}
	note("keys", checkKeys(flags.files()))
	note("disk", checkDisk())
	note("ssh", checkSSH())
	return flags.show(cmd.OutOrStdout(), findings)
}

func (flags doctorFlags) show(out io.Writer, findings []finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	problems := 0
	for _, f := range findings {
		word := "ok"
		if f.Problem {
			problems++
			word = "PROBLEM"
		}
		switch {
		case flags.look.json:
			if err := json.NewEncoder(out).Encode(f); err != nil {
				return err
			}
		case !flags.look.quiet:
			fmt.Fprintf(w, "%s\t%s\t%s\n", word, f.Check, f.Found)
			if f.Hint != "" {
				fmt.Fprintf(w, "\t\thint: %s\n", f.Hint)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if problems > 0 {
		return infraError{fmt.Errorf("doctor: %d of %d checks found a problem", problems, len(findings))}
	}
	return nil
}

// checkAccount checks the way to the account: whose key it is, whether the service answers, and what time it has.
func checkAccount(ctx context.Context, region string) []finding {
	key, err := infra.Credentials(ctx)
	if err != nil {
		f := problem("aws configure, or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or try --cloud sandbox, which needs no account", "%v", err)
		f.Check = "credentials"
		return []finding{f}
	}
	findings := []finding{fine("%s", key)}
	findings[0].Check = "credentials"
	account, err := infra.OpenAccount(ctx, region)
	if err == nil {
		var f finding
		ahead, reachErr := account.Reach(ctx)
		if err = reachErr; err == nil {
			f = checkClock(ahead)
			f.Check = "clock"
			findings = append(findings, f)
		}
	}
	reach := fine("%s answers", region)
	if err != nil {
		reach = problem("flashmob doctor --policy prints what the key must be allowed to do", "%v", err)
	}
	reach.Check = "account"
	return append(findings, reach)
}
