package main

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"flashmob/dashboard"
)

func TestTopShowsTheFiguresOfThePage(t *testing.T) {
	half, left, rate := 0.5, 65., 12_345.
	v := &dashboard.View{Cluster: &dashboard.Cluster{ID: "c1", State: "up", Dollars: 1.5}, Run: &dashboard.Run{
		ID: "r1", App: "votes", State: "going", Fraction: &half, Left: &left, Rows: &rate, Records: 1234, Out: 1230, Rejected: 4, Retried: 3,
		Workers: []dashboard.Worker{{Name: "workers-1\x1b[2J\n", Slots: 2, Busy: 1, Records: 1234, Lost: true, Rows: &dashboard.Spread{Median: 10_000}}},
		Process: []dashboard.Stage{{Name: "process", Batches: 7, Latency: dashboard.Latency{Count: 7, P50: 0.25, P9999: 1.5}}},
	}}
	text := topText(v)
	for _, want := range []string{"c1: up, $1.50 so far, not known expected", "votes r1: going", "50.0 %, 1 min 5 s left", "1\u00a0234 = 1\u00a0230 out + 4 rejected",
		"12.3k rows/s, not known of input", "3 batches redelivered", "1 of 2", "10k rows/s", "lost", "250 ms", "1.5 s"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Contains(text, "workers-1\n") {
		t.Errorf("a name gives the terminal orders:\n%q", text)
	}
}

func TestTopReadsAPageOfThisMachine(t *testing.T) {
	server := httptest.NewServer(dashboard.Handler(dashboard.NewCollector(nil, "")))
	defer server.Close()
	v, err := pageView(t.Context(), func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	})
	if err != nil || topText(v) != "run  none yet\n" {
		t.Errorf("it shows %q, %v", topText(v), err)
	}
}
