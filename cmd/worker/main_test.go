package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain makes this test binary serve as the program too.
func TestMain(m *testing.M) {
	if os.Getenv("BE_WORKER") != "" {
		main()
		return
	}
	code := m.Run()
	for _, dir := range programDirs {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// startWorker starts the program and returns its standard input, and a function that waits for its end and returns the
// exit code and what it said.
func startWorker(t *testing.T) (stdin io.WriteCloser, end func() (code int, said string)) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "BE_WORKER=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait() // its error is in the exit code
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() // in vain if it has ended
		<-ended
	})
	return stdin, func() (int, string) {
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			t.Fatalf("it does not end; it said %q", out.String())
		}
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

func TestWorkerStartedByHandSaysWhoStartsIt(t *testing.T) {
	stdin, end := startWorker(t)
	stdin.Close()
	code, said := end()
	want := "worker: read invitation: standard input holds none; flashmob starts this program and writes it there\n"
	if code != 1 || said != want {
		t.Errorf("exit code %d, %q, want 1, %q", code, said, want)
	}
}

func TestWorkerRefusesAnInvitationThatIsNone(t *testing.T) {
	stdin, end := startWorker(t)
	io.WriteString(stdin, "hello\n")
	if code, said := end(); code != 1 || !strings.HasPrefix(said, "worker: read invitation: invalid character 'h'") {
		t.Errorf("exit code %d, %q", code, said)
	}
}

// TestWorkerLeavesWhenItIsLetGo: a worker whose initializer cannot be reached keeps trying, but leaves at once when the
// program that started it is gone.
func TestWorkerLeavesWhenItIsLetGo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	stdin, end := startWorker(t)
	fmt.Fprintf(stdin, `{"name":"workers-1","slots":1,"url":"nats://%s","token":"x"}`+"\n", listener.Addr())
	conn, err := listener.Accept() // it is at it
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	stdin.Close()
	if code, said := end(); code != 0 || said != "" {
		t.Errorf("exit code %d, %q", code, said)
	}
}
