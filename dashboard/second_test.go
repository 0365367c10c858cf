package dashboard

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"flashmob/manifest"
)

// asked lets a handler answer, as it answers a browser.
func asked(b *testing.B, h http.Handler, path string) {
	request := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil)
	request.Header.Set("Accept-Encoding", "gzip")
	answer := httptest.NewRecorder()
	if h.ServeHTTP(answer, request); answer.Code != http.StatusOK {
		b.Fatal(answer.Code)
	}
}

// spent returns the CPU time of this process: unlike wall time it does not wait for other programs.
func spent(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// A second of a run, to where it is shown: what all workers say is taken in, a view is made, a page that is open is drawn. What is played is made here, too, so it
// is less in a run.
func BenchmarkSecondOfAPage(b *testing.B) {
	for _, workers := range []int{1, 4, 200} {
		b.Run(fmt.Sprintf("%d workers", workers), func(b *testing.B) {
			p := newPlay(workers, told()).begin(manifest.Run{}).plays(30)
			h := Handler(p.Collector)
			asked(b, h, "/")
			begun := spent(b)
			for b.Loop() {
				p.plays(1)
				asked(b, h, "/")
			}
			b.ReportMetric(float64((spent(b)-begun).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
		})
	}
}
