// Sandbox is a cloud on this machine as a program: flashmob starts it for --cloud sandbox, and it becomes the cloud's
// server, its hosts and its Pulumi provider (see package sandbox).
//
//	sandbox start FOLDER    start it, or find it running; prints the environment that leads to it, as JSON
//	sandbox stop FOLDER     end everything
//	sandbox count FOLDER    print what is left of it, as JSON
//	sandbox order FOLDER KIND [FIELD=VALUE ...]    make something go wrong: see cloud.Fault
//	sandbox clear FOLDER    let nothing go wrong any more
//
//	sandbox order .flashmob/sandbox capacity zone=us-west-2a times=-1
//	sandbox order .flashmob/sandbox slow-boot name='*workers-2' for=90s
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"flashmob/internal/sandbox"
)

func main() {
	sandbox.Main()
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 || len(args) > 2 && args[0] != "order" {
		return errors.New("called as: sandbox start|stop|count|clear FOLDER, or sandbox order FOLDER KIND [FIELD=VALUE ...]")
	}
	verb, dir := args[0], args[1]
	switch verb {
	case "start":
		s, err := sandbox.Start(ctx, dir, sandbox.Options{})
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(access{Env: s.Env(), Region: s.Region(), Operator: s.Operator().String()})
	case "stop":
		s, err := sandbox.Find(ctx, dir)
		if errors.Is(err, sandbox.ErrNotRunning) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.Stop(ctx)
	case "count":
		left, err := sandbox.Count(dir)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(left)
	case "order", "clear":
		s, err := sandbox.Find(ctx, dir)
		if err != nil {
			return err
		}
		if verb == "clear" {
			return s.Clear(ctx)
		}
		return order(ctx, s, args[2:])
	}
	return fmt.Errorf("%q: no such command", verb)
}

// access is what leads to a sandbox.
type access struct {
	Env      map[string]string `json:"env"`
	Region   string            `json:"region"`
	Operator string            `json:"operator"` // the address that this machine has towards the hosts
}
