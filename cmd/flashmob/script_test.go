package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs every command, error, hint and exit code as a user would see them. Beside testscript's own commands
// the scripts have
//
//	exits CODE PROGRAM ARGS...   run a program that must end with the exit code
//	start PROGRAM ARGS...        start a program; with -stdin FILE before it, on that input
//	begun FOLDER N [K]           wait until the run in the folder, resumed K times, has N parts or more of that sitting
//	signal NAME                  send the started program INT, TERM or KILL
//	says TEXT                    wait until it has said so, on standard error
//	killworkers N                kill N of its children
//	finish CODE                  wait for it; its exit code must be CODE (-1 for one that was killed)
//	rows FILE                    print results, decompressed
//	classify FILE                print what the results of a CSV must be, computed without flashmob
//	hold VARIABLE                take a TCP port for the rest of the script
//	flip FILE OFFSET             change a byte of the file
//	childless                    there must be no process left of what was started
//	jsonlines stdout             every line of it must be a JSON object with an event or a message
//	bucket NAME FOLDER           start an S3 with a bucket of the files in the folder, and point the script to it
//	object NAME KEY              print an object of the bucket
//	serve VARIABLE FOLDER        serve a folder over HTTP, and set the variable to its address
//	mount FOLDER SIZE            give the folder a file system of that size, or change its size
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv(workerVariable, os.Getenv(workerVariable))
			env.Values[startedKey{}] = new(started)
			env.Values[bucketsKey{}] = new(sharedBackend)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Getuid() == 0, nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "start": start, "begun": begun, "signal": sendSignal, "left": leftBehind, "killworkers": killWorkers, "finish": finish,
			"rows": printRows, "classify": classify, "hold": hold, "flip": flip, "childless": childless,
			"jsonlines": jsonLines, "mount": mount, "says": says, "bucket": bucket, "object": printObject, "serve": serve,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	code := number(ts, args, 0)
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case err == nil && code == 0:
	case errors.As(err, &exit) && exit.ExitCode() == code:
	default:
		ts.Fatalf("exit code %d wanted: %v", code, err)
	}
}

// number returns the i-th argument of a script's command, which must be a number.
func number(ts *testscript.TestScript, args []string, i int) int {
	if i >= len(args) {
		ts.Fatalf("argument %d is missing", i+1)
	}
	n, err := strconv.Atoi(args[i])
	ts.Check(err)
	return n
}

func printRows(ts *testscript.TestScript, neg bool, args []string) {
	text, err := unpack(args[0], []byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Stdout().Write(text)
}

func classify(ts *testscript.TestScript, neg bool, args []string) {
	flags := flag.NewFlagSet("classify", flag.ContinueOnError)
	slowness := flags.Int("slowness", 10, "")
	noHeader := flags.Bool("no-header", false, "")
	ts.Check(flags.Parse(args))
	results, _ := oracle([]byte(ts.ReadFile(flags.Arg(0))), *slowness, !*noHeader)
	ts.Stdout().Write(results)
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	ts.Setenv(args[0], listener.Addr().String())
}

func flip(ts *testscript.TestScript, neg bool, args []string) {
	path, at := ts.MkAbs(args[0]), number(ts, args, 1)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	ts.Check(err)
	defer file.Close()
	var b [1]byte
	_, err = file.ReadAt(b[:], int64(at))
	ts.Check(err)
	b[0] ^= 1
	_, err = file.WriteAt(b[:], int64(at))
	ts.Check(err)
}

// TestGenerateStopsQuietlyWhenNobodyReads is what `flashmob generate | head` does.
func TestGenerateStopsQuietlyWhenNobodyReads(t *testing.T) {
	cmd := exec.Command("flashmob", "generate", "--lines", "1000000")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 42)
	if _, err := io.ReadFull(out, line); err != nil || !strings.HasPrefix(string(line), "ID,SKU,") {
		t.Errorf("read %q, %v", line, err)
	}
	out.Close()
	if err := cmd.Wait(); stderr.Len() > 0 {
		t.Errorf("it said %q and ended with %v", stderr.String(), err)
	}
}

// jsonLines checks that every line that the last command has printed is an object with an event or a message.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("%q: %v", line, err)
		}
		if object["event"] == nil && object["msg"] == nil {
			ts.Fatalf("%q: neither event nor msg", line)
		}
	}
}
