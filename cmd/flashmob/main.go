// Flashmob runs a batch job over a CSV on every core of this machine, or on a cluster that exists only while the job
// runs. `flashmob --help` lists the commands.
package main

import (
	"context"
	"os"
	"runtime/debug"
)

func main() {
	debug.SetGCPercent(200) // a few MB live: collecting them less often is cheap in memory and not in time
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
