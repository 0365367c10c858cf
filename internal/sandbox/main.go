package sandbox

import (
	"fmt"
	"os"
	"path/filepath"

	"flashmob/internal/sandbox/host"
	"flashmob/internal/sandbox/provider"
)

// serverName is the name under which the server runs.
const serverName = "flashmob-sandbox"

// Main runs one of the sandbox's programs and ends the process, if that is what the process was started as; else it
// returns at once. It must be the first call of every program that calls Start with itself as Options.Program.
func Main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	switch name {
	case host.ProcessName:
		os.Exit(host.Main())
	case serverName:
		if err := serve(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case provider.ProgramName:
		if err := provider.Serve(os.Stdout, args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if status, found := host.Guest(name, args); found {
		os.Exit(status)
	}
}
