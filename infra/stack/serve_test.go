package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flashmob/infra"
	"flashmob/infra/infratest"
)

// caller is a path that infra.Call can start: this test binary as cmd/infra.
func caller(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "infra")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCallRunsTheClusterInAnotherProcess(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	ctx := context.Background()
	var events []string
	hear := func(e infra.Event) { events = append(events, e.String()) }
	reply, err := infra.Call(ctx, caller(t), infra.Request{Operation: "up", Files: c.Files, Spec: threeHosts()}, hear)
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Up.Inventory.Hosts) != 4 || len(cloud.Things("instance")) != 4 {
		t.Errorf("up: %+v", reply.Up)
	}
	if all := strings.Join(events, "\n"); !strings.Contains(all, "create Instance workers-2\n") || !strings.Contains(all, "create Instance workers-2: done") {
		t.Errorf("events:\n%s", all)
	}
	reply, err = infra.Call(ctx, caller(t), infra.Request{Operation: "down", Files: c.Files}, nil)
	if err != nil || len(reply.Receipt.Left) != 0 || len(cloud.Things("")) != 0 {
		t.Errorf("down: %v, %+v", err, reply.Receipt)
	}
}

// A cancelled call stops in order: what was made is written down, and the next down needs no repair.
func TestCancelledCallStopsInOrder(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	interrupted := errors.New("interrupted")
	cloud.Created = func(thing infratest.Thing) {
		if thing.Kind == "vpc" {
			cancel(interrupted)
		}
	}
	_, err := infra.Call(ctx, caller(t), infra.Request{Operation: "up", Files: c.Files, Spec: threeHosts()}, nil)
	if !errors.Is(err, interrupted) {
		t.Errorf("got %v", err)
	}
	var repaired []string
	c.Notify = func(e infra.Event) {
		if e.Step == "repair" || e.Step == "lock" || e.Step == "sweep" {
			repaired = append(repaired, e.String())
		}
	}
	receipt := down(t, c)
	if len(cloud.Things("")) != 0 || len(receipt.Left) != 0 || repaired != nil {
		t.Errorf("left %v, repaired %v", cloud.Things(""), repaired)
	}
}

func TestServeAnswersWhatItDoesNotUnderstand(t *testing.T) {
	var out bytes.Buffer
	if err := Serve(context.Background(), strings.NewReader(`{"operation":"dance"}`), &out); err != nil {
		t.Fatal(err)
	}
	var reply infra.Reply
	if err := json.Unmarshal(out.Bytes(), &reply); err != nil || !reply.Done || reply.Fault.Err().Error() != `unknown operation "dance"` {
		t.Errorf("got %s, %v", &out, err)
	}
	if err := Serve(context.Background(), strings.NewReader("dance"), &out); err == nil {
		t.Error("rubbish is no request")
	}
}

func TestCallSaysWhyTheProcessDidNotAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := infra.Call(ctx, "/bin/false", infra.Request{Operation: "up"}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "run /bin/false: ") {
		t.Errorf("got %v", err)
	}
	if _, err := infra.Call(ctx, "/nonexistent", infra.Request{}, nil); err == nil || !strings.HasPrefix(err.Error(), "start /nonexistent: ") {
		t.Errorf("got %v", err)
	}
}

// The light half of the package pair stays light.
func TestInfraDoesNotLinkPulumi(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "flashmob/infra", "flashmob/inventory").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	for _, dep := range strings.Fields(string(out)) {
		if strings.HasPrefix(dep, "github.com/pulumi/") {
			t.Errorf("flashmob/infra reaches %s: it costs every process 20 ms; only infra/stack may", dep)
		}
	}
}
