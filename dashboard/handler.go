package dashboard

import (
	"encoding/json"
	"net"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzhttp"
)

// policy keeps the page from asking anybody else for anything, and everything in it from being run but its own script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler shows what a Collector collects: the page, as JSON under /api/status, and under /metrics for Prometheus. It only reads,
// and answers only who asks for a loopback address, so that no page of somebody else can get at it by a name of its own.
func Handler(c *Collector) http.Handler {
	mux := http.NewServeMux()
	var drawn drawing
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		text, err := drawn.of(c.View())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text) // an error here is the reader's, who has gone
	})
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c.View()) // as above
	})
	mux.Handle("GET /metrics", metricsHandler(c))
	mux.Handle("GET /assets/", http.FileServerFS(assets))
	packed := gzhttp.GzipHandler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "ask for 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		packed.ServeHTTP(w, r)
	})
}

// drawing is the page as it was drawn last: views change once a second, however many look at them. The zero value is none.
type drawing struct {
	mu     sync.Mutex
	charts easel
	view   *View
	text   []byte
}

// of returns the page of a view.
func (d *drawing) of(v *View) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.view == v {
		return d.text, nil
	}
	text, err := render(v, &d.charts)
	if err != nil {
		return nil, err
	}
	d.view, d.text = v, text
	return text, nil
}
