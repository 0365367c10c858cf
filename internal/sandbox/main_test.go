package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"flashmob/internal/sandbox"
)

// TestMain lets the test binary be the server, the hosts and the provider too.
func TestMain(m *testing.M) {
	sandbox.Main()
	if dir := os.Getenv("SANDBOX_TEST_OWNER"); dir != "" {
		own(dir)
	}
	os.Exit(m.Run())
}

// own starts a bound sandbox, says so, and waits to be killed.
func own(dir string) {
	if _, err := sandbox.Start(context.Background(), dir, sandbox.Options{Bound: true}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("up")
	select {}
}
