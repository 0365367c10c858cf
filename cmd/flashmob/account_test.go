package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"flashmob/infra"
	"flashmob/infra/infratest"
	"flashmob/inventory"
)

// TestSweepTakesOnlyWhatItMay lists and sweeps in an account with clusters of several people.
func TestSweepTakesOnlyWhatItMay(t *testing.T) {
	t.Chdir(t.TempDir())
	cloud := infratest.New(t)
	me := infra.Me("").Owner
	add := func(run, owner string) {
		tags := map[string]string{infra.TagRun: run, infra.TagStack: "flashmob", infra.TagOwner: owner}
		cloud.Add(infratest.Thing{Kind: "instance", Tags: tags, Type: "c7g.xlarge"})
		cloud.Add(infratest.Thing{Kind: "vpc", Tags: tags})
	}
	lost, others, running := "20261122-100000-000001", "20261122-100000-000002", "20261122-100000-000003"
	add(lost, me)
	add(others, "somebody@else")
	add(running, me)
	cloud.Add(infratest.Thing{Kind: "vpc", Tags: map[string]string{"Name": "production"}})
	record := infra.Record{State: infra.Up, Spec: infra.Spec{ID: running, Stack: "flashmob"}}
	if err := record.Write(infra.Files{}.Record()); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (string, int) {
		var out, errs bytes.Buffer
		exit := execute(context.Background(), args, strings.NewReader(""), &out, &errs)
		return out.String() + errs.String(), exit
	}
	expect := func(want int, words []string, args ...string) {
		t.Helper()
		said, exit := call(args...)
		if exit != want {
			t.Errorf("%v: exit code %d, want %d", args, exit, want)
		}
		for _, word := range words {
			if !strings.Contains(said, word) {
				t.Errorf("%v does not say %q:\n%s", args, word, said)
			}
		}
	}
	expect(0, []string{lost, "no record here", running, "up here: flashmob down --stack flashmob"}, "orphans")
	if said, _ := call("orphans"); strings.Contains(said, others) {
		t.Errorf("orphans shows what is somebody else's:\n%s", said)
	}
	expect(0, []string{others, "somebody@else"}, "orphans", "--all-owners")
	expect(0, []string{`"cluster":"` + lost}, "orphans", "--json")
	expect(2, []string{"would remove instance", "hint: --yes"}, "sweep")
	expect(0, []string{"would remove vpc"}, "sweep", "--dry-run")
	if n := len(cloud.Things("")); n != 7 {
		t.Fatalf("%d things are left of 7 before anything was swept", n)
	}
	expect(0, []string{"spared", "0 left of 2"}, "sweep", "--yes")
	if n := len(cloud.Things("")); n != 5 {
		t.Errorf("%d things are left of 5", n)
	}
	expect(0, []string{"0 left of 2"}, "sweep", "--yes", running)
	cloud.Stuck = append(cloud.Stuck, cloud.Things("vpc")[0].ID)
	if n := len(cloud.Things("")); n != 3 {
		t.Errorf("%d things are left of 3: somebody else's cluster and production", n)
	}
}

func TestSSHIsStrict(t *testing.T) {
	inv := inventory.Inventory{KeyFile: "/k/id", KnownHosts: "/k/known hosts"}
	got := sshArguments(inv, inventory.Host{Name: "a", Addr: "10.0.0.1", User: "ubuntu", Port: 2022}, []string{"echo", "-n"})
	want := []string{
		"ssh", "-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile="/k/known hosts"`, "-o", "GlobalKnownHostsFile=none",
		"-i", "/k/id", "-o", "IdentitiesOnly=yes", "-l", "ubuntu", "-p", "2022", "10.0.0.1", "--", "echo", "-n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
