package dashboard

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"flashmob/manifest"
)

// scraped returns what /metrics says.
func scraped(t *testing.T, p *play) string {
	t.Helper()
	server := httptest.NewServer(Handler(p.Collector))
	defer server.Close()
	answer, err := http.Get(server.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", answer.Status, text, err)
	}
	return string(text)
}

func TestMetricsPassPrometheusLinter(t *testing.T) {
	p := newPlay(2, told())
	p.status.Reasons = map[string]int64{"\xff": 1, "\xfe": 2} // which look alike
	for name, text := range map[string]string{"empty": scraped(t, newPlay(0, nil)), "full": scraped(t, p.begin(manifest.Run{}).plays(5))} {
		problems, err := promlint.New(strings.NewReader(text)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s: %s", name, problem.Metric, problem.Text)
		}
	}
}

// sum adds up all samples of a metric that have a label.
func sum(t *testing.T, text, metric, label string) (total float64) {
	t.Helper()
	found := false
	for line := range strings.SplitSeq(text, "\n") {
		if rest, is := strings.CutPrefix(line, metric); is && strings.HasPrefix(rest, "{") && strings.Contains(rest, label) {
			v, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
			if err != nil {
				t.Fatal(err)
			}
			total, found = total+v, true
		}
	}
	if !found {
		t.Errorf("no %s with %s in\n%s", metric, label, text)
	}
	return total
}

func TestMetricsAddUpToTheView(t *testing.T) {
	p := newPlay(3, told()).begin(manifest.Run{}).plays(20)
	text, r := scraped(t, p), p.View().Run
	for _, one := range []struct {
		metric, label string
		want          float64
	}{
		{"flashmob_stage_records_total", `stage="process"`, float64(r.Records)},
		{"flashmob_stage_batch_duration_seconds_count", `stage="process"`, float64(r.Process[1].Batches)},
		{"flashmob_stage_batch_duration_seconds_bucket", `stage="process",worker="workers-1",le="0.25"`, 4 * 2 * 20},
		{"flashmob_records_rejected_total", "", float64(r.Rejected)},
		{"flashmob_worker_up", "", 3},
		{"flashmob_worker_busy_slots", "", float64(*r.Busy)},
	} {
		if got := sum(t, text, one.metric, one.label); got != one.want {
			t.Errorf("%s of %s comes to %v, want %v", one.metric, one.label, got, one.want)
		}
	}
}
