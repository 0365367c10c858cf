package sandbox_test

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"flashmob/internal/sandbox"
)

func TestServerThatIsKilledComesBackToItsHosts(t *testing.T) {
	s, dir := start(t)
	c := newCluster(t, s)
	kept, lost := c.launch(""), c.launch("")
	conn := c.dial(kept)
	c.dial(lost)
	c.must(s.KillServer(t.Context()))
	if out := c.run(conn, "echo still here"); out != "still here" {
		t.Errorf("the host says %q", out)
	}
	c.must(s.KillHost(lost))
	again, err := sandbox.Start(t.Context(), dir, sandbox.Options{})
	c.must(err)
	if again.Env()["AWS_ENDPOINT_URL"] != s.Env()["AWS_ENDPOINT_URL"] || again.Operator() != s.Operator() {
		t.Error("the sandbox came back under another address")
	}
	c.until(kept, types.InstanceStateNameRunning)
	c.until(lost, types.InstanceStateNameTerminated)
	third := c.launch("") // the network still takes hosts
	if out := c.run(c.dial(third), "timeout 2 bash -c 'exec 3<>/dev/tcp/"+*c.instance(kept).PrivateIpAddress+"/22; head -c 3 <&3'"); out != "SSH" {
		t.Errorf("a new host reaches the old one: %q", out)
	}
	_, err = c.api.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{kept}})
	c.must(err)
	c.until(kept, types.InstanceStateNameTerminated)
}

func TestStopEndsHostsOfAKilledServer(t *testing.T) {
	s, dir := start(t)
	c := newCluster(t, s)
	c.dial(c.launch(""))
	c.must(s.KillServer(t.Context()))
	if left := count(t, dir); left.Processes == 0 || left.Interfaces != 1 {
		t.Fatalf("after the server's death: %v", left)
	}
	c.must(s.Stop(t.Context())) // start's cleanup counts
}

func TestKilledHostIsGone(t *testing.T) {
	s, dir := start(t)
	empty := count(t, dir)
	c := newCluster(t, s)
	id := c.launch("")
	c.dial(id)
	c.must(s.KillHost(id))
	i := c.until(id, types.InstanceStateNameTerminated)
	if code := *i.StateReason.Code; code != "Server.InternalError" {
		t.Errorf("reason %s", code)
	}
	if left := count(t, dir); left.Processes != empty.Processes || left.Namespaces != empty.Namespaces {
		t.Errorf("left: %v; before: %v", left, empty)
	}
}

func TestBoundSandboxEndsWithItsOwner(t *testing.T) {
	if err := sandbox.Check(); err != nil {
		t.Skip(err)
	}
	for _, victims := range []string{"owner", "owner and server"} {
		dir := t.TempDir()
		owner := exec.Command(os.Args[0])
		owner.Env = append(os.Environ(), "SANDBOX_TEST_OWNER="+dir)
		out, err := owner.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := owner.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
			t.Fatal(line, err)
		}
		s, err := sandbox.Find(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		c := newCluster(t, s)
		c.dial(c.launch(""))
		if victims != "owner" {
			c.must(s.KillServer(t.Context()))
		}
		c.must(owner.Process.Kill())
		_ = owner.Wait()
		nothingLeft(t, dir)
	}
}

func TestRemovedFolderEndsTheSandbox(t *testing.T) {
	if err := sandbox.Check(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir() + "/cloud"
	s, err := sandbox.Start(t.Context(), dir, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, s)
	c.dial(c.launch(""))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, dir)
}

// nothingLeft waits until the machine is clear of a sandbox whose end nobody waits for.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := count(t, dir)
		left.Objects = 0
		if left == (sandbox.Left{}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left: %v", left)
		}
	}
}
