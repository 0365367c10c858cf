package sandbox_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"flashmob/internal/sandbox"
)

// BenchmarkBoot measures from the first launch to the last login.
func BenchmarkBoot(b *testing.B) {
	if err := sandbox.Check(); err != nil {
		b.Skip(err)
	}
	for _, hosts := range []int{3, 16} {
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			var total time.Duration
			for b.Loop() {
				s, err := sandbox.Start(b.Context(), b.TempDir(), sandbox.Options{Bound: true})
				if err != nil {
					b.Fatal(err)
				}
				c := newCluster(b, s)
				began := time.Now()
				var ids []string
				for range hosts {
					ids = append(ids, c.launch(""))
				}
				var wg sync.WaitGroup
				for _, id := range ids {
					wg.Go(func() { c.dial(id) })
				}
				wg.Wait()
				total += time.Since(began)
				if err := s.Stop(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(total.Seconds()/float64(b.N), "s/cluster")
		})
	}
}
