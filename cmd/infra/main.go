// Infra is the Pulumi program of a flashmob cluster as a program of its own.
//
// The pulumi command runs it (see Pulumi.yaml), and flashmob runs "infra serve" for the operations that need Pulumi, so
// that its other commands start without.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra/stack"
)

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := stack.Serve(ctx, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "infra: %v\n", err)
			os.Exit(1)
		}
	case os.Getenv("PULUMI_MONITOR") != "":
		pulumi.Run(stack.Configured)
	default:
		fmt.Fprintln(os.Stderr, "infra: this program is run by pulumi, or by flashmob as \"infra serve\"\nhint: pulumi up, in the folder of Pulumi.yaml")
		os.Exit(2)
	}
}
