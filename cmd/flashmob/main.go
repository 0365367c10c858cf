// Flashmob runs a batch job over a CSV on every core of this machine, or on a cluster that exists only while the job
// runs. `flashmob --help` lists the commands.
package main

import (
	"context"
	"os"

	"flashmob/internal/garbage"
)

func main() {
	garbage.Bound(200)
	garbage.Limit()
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
