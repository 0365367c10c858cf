package dashboard

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

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

// A second of a run, to where it is shown: what all workers say is taken in, a view is made, a page that is open is drawn.
func BenchmarkSecondOfAPage(b *testing.B) {
	for _, workers := range []int{1, 4, 200} {
		b.Run(fmt.Sprintf("%d workers", workers), func(b *testing.B) {
			p := newPlay(workers, told()).begin(manifest.Run{}).plays(30)
			h := Handler(p.Collector)
			asked(b, h, "/")
			for b.Loop() {
				p.plays(1)
				asked(b, h, "/")
			}
		})
	}
}
