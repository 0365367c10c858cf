package dashboard

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"flashmob/input"
	"flashmob/manifest"
	"flashmob/timeline"
)

// reported returns the report of a run on a cluster that lost a worker.
func reported(t *testing.T, hostile string, err string) *Report {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir("output", 0o755); err != nil {
		t.Fatal(err)
	}
	p := newPlay(3, told()).begin(manifest.Run{Compress: "gzip", MaxRecord: 16 << 20, Version: "v0.7.0", Results: "results.csv.gz", Inputs: []input.Input{{URI: "products" + hostile + ".csv", Size: 60_000_000 * bytesARow}}}).plays(60).loses(1).plays(60)
	if err == "" {
		p.ends(nil)
	}
	v := *p.View()
	at := func(s int) time.Time { return p.begun.Add(time.Duration(s) * time.Second) }
	run := *v.Run
	run.Spans = []timeline.Span{
		{Lane: timeline.RunLane, Name: "start", From: at(-30), To: at(0)}, {Lane: timeline.RunLane, Name: "feed", From: at(0), To: at(100)},
		{Lane: timeline.RunLane, Name: "gather", From: at(100), To: at(121)},
		{Lane: "workers-1", Name: "boot", From: at(-30), To: at(-12)}, {Lane: "workers-1", Name: "upload", From: at(-12), To: at(0)},
		{Lane: "workers-1", Name: "work", From: at(0), To: at(121)},
		{Lane: "workers-2", Name: "work", From: at(2), To: at(60)}, {Lane: "workers-2", Name: "lost", From: at(60), To: at(121), Note: "nothing more is heard of it" + hostile},
	}
	if err != "" {
		run.State = Failed
	}
	v.Run = &run
	return &Report{
		View: &v, Ended: at(121), Output: "output", Took: 151 * time.Second, Rate: 78_675, Error: err,
		Forecast: Forecast{
			Phases: []Compared{{"start", ptr(20.), ptr(30.)}, {"work", ptr(118.), ptr(120.5)}, {"stop", ptr(2.), nil}},
			Time:   Compared{Predicted: ptr(140.), Actual: ptr(151.)}, Cost: Compared{Predicted: ptr(0.02), Actual: ptr(0.031)},
		},
	}
}

func TestReportStandsAloneInABrowser(t *testing.T) {
	page := open(t)
	const hostile = `<script>window.hit=1</script>"'<img src=x onerror=window.hit=1>`
	for _, one := range []struct{ name, hostile, err string }{
		{"report", "", ""}, {"report-failed", hostile, "initializer-1: the run's initializer is gone" + hostile},
	} {
		name, r := one.name, reported(t, one.hostile, one.err)
		if err := r.Write(); err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Abs(filepath.Join(r.Output, manifest.ReportFile))
		if err != nil {
			t.Fatal(err)
		}
		file := url.URL{Scheme: "file", Path: path}
		page.does(t, network.EmulateNetworkConditions(true, 0, 0, 0))
		for _, l := range looks {
			page.does(t, append(l.actions(), chromedp.Navigate(file.String()))...)
			page.fits(t)
			page.shoot(t, name+"-"+l.name)
		}
		text := evaluated[string](t, page, `document.body.innerText`)
		for _, want := range []string{"workers-2", "no sign of life", "products", "2 min 31 s", "2 min 20 s", "+8 %", "$0.02", "$0.03", "start", "+50 %", Count(r.Run.Records), "4 fields, want 5"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, text)
			}
		}
		if r.Error != "" && (!strings.Contains(text, r.Error) || strings.Index(text, r.Error) > strings.Index(text, "Records gathered")) {
			t.Errorf("%s: the error does not come first:\n%s", name, text)
		}
		if n := evaluated[int](t, page, `document.querySelectorAll(".lane:not(.scale)").length`); n != 3 {
			t.Errorf("%s has %d lanes", name, n)
		}
		if evaluated[bool](t, page, `window.hit === 1 || document.querySelector("script, img") !== null`) {
			t.Errorf("%s: text was taken for a program", name)
		}
		page.fine(t, "file://")
	}
}

func TestReportThatCannotBeWrittenSaysSo(t *testing.T) {
	r := reported(t, "", "")
	r.Output = filepath.Join(r.Output, "none")
	if err := r.Write(); err == nil || !strings.HasPrefix(err.Error(), "write report: ") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(r.Output); err == nil {
		t.Error("it made a folder")
	}
}

func TestRecorderKeepsTheNewestViewAndItsCourse(t *testing.T) {
	var r Recorder
	if r.View() != nil {
		t.Error("it has a view before any")
	}
	p := newPlay(1, nil)
	r.Take(p.View()) // no run yet
	p.begin(manifest.Run{})
	for range 5 {
		p.plays(1)
		r.Take(p.View())
		r.Take(p.View()) // the same says nothing new
	}
	if v := r.View(); v.Run.Records != p.View().Run.Records || len(v.Run.trace.rows.values) != 5 {
		t.Errorf("it keeps %+v, of %v", v.Run, v.Run.trace)
	}
}
