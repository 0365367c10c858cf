package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flashmob/infra"
	"flashmob/infra/infratest"
	"flashmob/inventory"
)

// cloudAndCluster is an empty cloud, and a cluster whose engine is the real one.
func cloudAndCluster(t *testing.T) (*infratest.Cloud, Cluster) {
	t.Helper()
	if _, err := exec.LookPath("pulumi"); err != nil {
		t.Skip("the pulumi command is not on PATH: the engine is not tested")
	}
	cloud := infratest.New(t)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "pulumi-resource-aws")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("PULUMI_HOME", filepath.Join(dir, "home"))
	t.Setenv("PULUMI_BACKEND_URL", "")
	t.Setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
	return cloud, Cluster{Files: infra.Files{Dir: filepath.Join(dir, ".flashmob")}}
}

func threeHosts() infra.Spec { return infra.Spec{Size: 3, OperatorCIDR: "203.0.113.7/32"} }

func up(t *testing.T, c Cluster, spec infra.Spec) infra.UpResult {
	t.Helper()
	result, err := c.Up(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func down(t *testing.T, c Cluster) infra.Receipt {
	t.Helper()
	receipt, err := c.Down(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func TestUpTwiceResizeAndDown(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	preview, err := c.Preview(context.Background(), threeHosts())
	if err != nil {
		t.Fatal(err)
	}
	if preview.Changes.Create != 12 || len(cloud.Things("")) != 0 || preview.Hourly == 0 {
		t.Errorf("preview: %+v; made %v", preview.Changes, cloud.Things(""))
	}
	first := up(t, c, threeHosts())
	if len(first.Inventory.Processing()) != 3 || first.Changes.Create != 12 || first.Hourly == 0 || first.Zone != "us-west-2a" {
		t.Errorf("first: %+v", first)
	}
	t.Logf("up took %v", first.Took)
	inv, err := inventory.Read(c.Files.Inventory())
	if err != nil || len(inv.Hosts) != 4 || inv.Hosts[0].HostKey == "" {
		t.Errorf("inventory: %v, %+v", err, inv)
	}
	if again := up(t, c, infra.Spec{}); !again.Changes.None() || again.Cluster != first.Cluster {
		t.Errorf("a second up changes: %+v", again.Changes)
	}
	if more := up(t, c, infra.Spec{Size: 5}); more.Changes.Create != 2 || more.Changes.Delete != 0 {
		t.Errorf("growing: %+v", more.Changes)
	}
	if less := up(t, c, infra.Spec{Size: 2}); less.Changes.Delete != 3 || less.Changes.Create != 0 {
		t.Errorf("shrinking: %+v", less.Changes)
	}
	cloud.Kill(cloud.Things("instance")[0].ID)
	if healed := up(t, c, infra.Spec{}); healed.Changes.Create != 1 {
		t.Errorf("after a host ended by itself: %+v", healed.Changes)
	}
	receipt := down(t, c)
	if left := cloud.Things(""); len(left) != 0 || len(receipt.Left) != 0 || receipt.Destroyed["instance"] != 3 || len(receipt.Bills) != 7 {
		t.Errorf("left %v, receipt\n%s", left, receipt.Text())
	}
	if again := down(t, c); len(again.Left) != 0 {
		t.Errorf("a second down: %v", again)
	}
	if _, err := os.Stat(c.Files.Key()); !os.IsNotExist(err) {
		t.Errorf("the operator's key is still there: %v", err)
	}
}

func TestCapacityErrorsClimbTheLadder(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	cloud.Refuse = func(thing infratest.Thing) string {
		if thing.Kind == "instance" && thing.Spot {
			return "InsufficientInstanceCapacity: there is no spot capacity"
		}
		return ""
	}
	spec := threeHosts()
	spec.Spot = true
	result := up(t, c, spec)
	var got []string
	for _, r := range result.Refusals {
		got = append(got, r.String())
	}
	want := "c7g.xlarge spot in us-west-2a: refused, InsufficientInstanceCapacity, c7g.xlarge spot in us-west-2b: refused, InsufficientInstanceCapacity"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if len(result.Inventory.Hosts) != 4 || len(cloud.Things("instance")) != 4 || len(cloud.Things("subnet")) != 1 {
		t.Errorf("hosts %v, cloud %v", result.Inventory.Hosts, cloud.Things(""))
	}
	cloud.Refuse = func(thing infratest.Thing) string { return "UnauthorizedOperation: you may not" }
	if _, err := c.Up(context.Background(), infra.Spec{Size: 4}); err == nil || !strings.Contains(err.Error(), "workers-3: ") || !strings.Contains(err.Error(), "UnauthorizedOperation") {
		t.Errorf("another error: %v", err)
	}
	down(t, c)
}

func TestEveryRungIsClimbedInOrder(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	cloud.Refuse = func(thing infratest.Thing) string {
		if thing.Kind == "instance" && (thing.Spot || thing.Type == "c7g.xlarge") {
			return "InsufficientInstanceCapacity: there is none"
		}
		return ""
	}
	var shown []string
	c.Notify = func(e infra.Event) {
		if e.Step == "refused" {
			shown = append(shown, e.Detail)
		}
	}
	spec := threeHosts()
	spec.Spot, spec.MoreTypes = true, []string{"c6g.xlarge"}
	result := up(t, c, spec)
	var want []string
	for _, way := range []string{"c7g.xlarge spot", "c6g.xlarge spot", "c7g.xlarge on demand"} {
		for _, zone := range []string{"us-west-2a", "us-west-2b"} {
			want = append(want, way+" in "+zone+": refused, InsufficientInstanceCapacity")
		}
	}
	if !slices.Equal(shown, want) || len(result.Refusals) != len(want) {
		t.Errorf("shown %q\nwant  %q, and %d in the result", shown, want, len(result.Refusals))
	}
	for _, in := range cloud.Things("instance") {
		if in.Spot || in.Type == "c7g.xlarge" {
			t.Errorf("bought %+v", in)
		}
	}
	down(t, c)
}

func TestDownWithoutStateGoesByTag(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	up(t, c, threeHosts())
	if err := os.RemoveAll(c.Files.State()); err != nil {
		t.Fatal(err)
	}
	if receipt := down(t, c); len(cloud.Things("")) != 0 || len(receipt.Swept) != 10 {
		t.Errorf("left %v, swept %d", cloud.Things(""), len(receipt.Swept))
	}
	up(t, c, threeHosts())
	if err := os.RemoveAll(c.Files.Dir); err != nil {
		t.Fatal(err)
	}
	if receipt := down(t, c); len(cloud.Things("")) != 0 || len(receipt.Swept) != 10 {
		t.Errorf("without record: left %v, swept %d", cloud.Things(""), len(receipt.Swept))
	}
}

func TestDownWithBrokenStateGoesByTag(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	up(t, c, threeHosts())
	if err := os.WriteFile(filepath.Join(c.Files.State(), ".pulumi", "stacks", project, "flashmob.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if receipt := down(t, c); len(cloud.Things("")) != 0 || len(receipt.Swept) != 10 {
		t.Errorf("left %v, swept %d", cloud.Things(""), len(receipt.Swept))
	}
	up(t, c, threeHosts())
	down(t, c)
}

func TestDownSaysWhatIsLeft(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	up(t, c, threeHosts())
	key := cloud.Things("key-pair")[0].ID
	cloud.Stuck = []string{key}
	receipt, err := c.Down(context.Background(), "")
	var left *infra.LeftError
	if !errors.As(err, &left) || len(left.Left) != 1 || !strings.HasPrefix(receipt.String(), "1 left, $") || !strings.Contains(err.Error(), "key-pair "+key) {
		t.Errorf("got %v, %v", receipt, err)
	}
	cloud.Stuck = nil
	down(t, c)
	if left := cloud.Things(""); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestOtherBackendIsRespectedAndRepaired(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	t.Setenv("PULUMI_BACKEND_URL", "file://"+t.TempDir())
	operator := exec.Command(os.Args[0])
	operator.Env = append(os.Environ(), "OPERATOR=up "+c.Files.Dir)
	var once sync.Once
	cloud.Created = func(thing infratest.Thing) {
		if thing.Kind == "subnet" {
			once.Do(func() { operator.Process.Kill() })
		}
	}
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	operator.Wait()
	if result := up(t, c, infra.Spec{}); len(result.Inventory.Hosts) != 4 {
		t.Errorf("after the repair: %+v", result)
	}
	down(t, c)
	if left := cloud.Things(""); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if _, err := os.Stat(c.Files.State()); !os.IsNotExist(err) {
		t.Errorf("the default backend was used too: %v", err)
	}
}

// An engine that dies over the notes beside its state leaves them empty.
func TestTornNotesBesideTheStateAreNoHindrance(t *testing.T) {
	_, c := cloudAndCluster(t)
	up(t, c, threeHosts())
	notes := filepath.Join(c.Files.State(), ".pulumi", "stacks", project, "flashmob.json.attrs")
	if err := os.Truncate(notes, 0); err != nil {
		t.Fatal(err)
	}
	if again := up(t, c, infra.Spec{}); !again.Changes.None() {
		t.Errorf("after that up changes %+v", again.Changes)
	}
	if err := os.WriteFile(notes, []byte(`{"user.cache_con`), 0o600); err != nil {
		t.Fatal(err)
	}
	if receipt := down(t, c); len(receipt.Swept) > 0 {
		t.Errorf("down went by tag: %v", receipt.Swept)
	}
}

// What a killed operator had asked for is listed only seconds later; a down that says "0 left" at once would be wrong.
func TestDownWaitsForWhatIsListedLate(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	cloud.Late = 3 * time.Second
	operator := exec.Command(os.Args[0])
	operator.Env = append(os.Environ(), "OPERATOR=up "+c.Files.Dir)
	var once sync.Once
	cloud.Created = func(thing infratest.Thing) {
		if thing.Kind == "vpc" {
			once.Do(func() { operator.Process.Kill() })
		}
	}
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	if err := operator.Wait(); err == nil {
		t.Fatal("the operator was not killed")
	}
	if len(cloud.Things("")) == 0 {
		t.Fatal("nothing was made: nothing is proven")
	}
	down(t, c)
	if left := cloud.Things(""); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// operate is an operator in a process of its own, "up DIR" or "down DIR".
func operate(what string) {
	operation, dir, _ := strings.Cut(what, " ")
	c := Cluster{Files: infra.Files{Dir: dir}}
	var err error
	if operation == "up" {
		_, err = c.Up(context.Background(), threeHosts())
	} else {
		_, err = c.Down(context.Background(), "")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The operator is killed when the n-th thing has just been created, before anybody could write that down.
func TestOperatorKilledWhileCreating(t *testing.T) {
	for _, tc := range []struct {
		kind string
		next string
	}{{"vpc", "down"}, {"key-pair", "up"}, {"instance", "down"}, {"instance", "up"}} {
		t.Run(tc.kind+" then "+tc.next, func(t *testing.T) {
			cloud, c := cloudAndCluster(t)
			operator := exec.Command(os.Args[0])
			operator.Env = append(os.Environ(), "OPERATOR=up "+c.Files.Dir)
			var once sync.Once
			cloud.Created = func(thing infratest.Thing) {
				if thing.Kind == tc.kind {
					once.Do(func() { operator.Process.Kill() })
				}
			}
			if err := operator.Start(); err != nil {
				t.Fatal(err)
			}
			if err := operator.Wait(); err == nil {
				t.Fatal("the operator was not killed")
			}
			if tc.next == "up" {
				up(t, c, infra.Spec{})
				if n := len(cloud.Things("instance")); n != 4 || len(cloud.Things("vpc")) != 1 || len(cloud.Things("key-pair")) != 1 {
					t.Errorf("after the repair: %v", cloud.Things(""))
				}
			}
			began := time.Now()
			if receipt := down(t, c); len(cloud.Things("")) != 0 || len(receipt.Left) != 0 {
				t.Errorf("left %v", cloud.Things(""))
			}
			if took := time.Since(began); took > stubborn {
				t.Errorf("down took %v: it waited for something that Pulumi does not know of", took)
			}
		})
	}
}
