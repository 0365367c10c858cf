package worker

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"flashmob/manifest"
)

// However far apart the replicas come up: the first vote is the last. Another would be 4 to 9 seconds later.
func TestTheFirstVoteElects(t *testing.T) {
	for _, n := range []int{3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel() // it waits for elections most of the time
			a := Appointment{Run: manifest.Run{ID: "test"}, Identity: newIdentity(t)}
			ports, dir := freePorts(t, 2*n), t.TempDir()
			for i := range n {
				a.Replicas = append(a.Replicas, Replica{Name: fmt.Sprintf("host-%d", i), Clients: ports[2*i], Peers: ports[2*i+1]})
			}
			replicas := make([]*replica, n)
			open := func(i int) {
				own := a
				own.Log = filepath.Join(dir, fmt.Sprint(i))
				var err error
				if replicas[i], err = openReplica(t.Context(), own, a.Replicas[i].Name, "secret"); err != nil {
					t.Error(err)
				}
			}
			var first sync.WaitGroup
			first.Go(func() { open(0) }) // comes up when all others are there
			for i := 1; i < n; i++ {
				open(i)
			}
			first.Wait()
			if t.Failed() {
				t.FailNow()
			}
			for _, r := range replicas {
				defer r.close()
			}
			term := func() uint64 {
				for _, r := range replicas {
					if !r.server.JetStreamIsLeader() {
						continue
					}
					for _, groups := range *r.server.Raftz(&server.RaftzOptions{AccountFilter: "$SYS"}) {
						for _, g := range groups {
							return g.Term
						}
					}
				}
				return 0
			}
			for begun := time.Now(); term() == 0; time.Sleep(10 * time.Millisecond) {
				if time.Since(begun) > time.Minute {
					t.Fatal("none is elected")
				}
			}
			if got := term(); got != 1 {
				t.Errorf("elected in term %d", got)
			}
		})
	}
}
