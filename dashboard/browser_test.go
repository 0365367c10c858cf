package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"flashmob/input"
	"flashmob/manifest"
	"flashmob/worker"
)

// told is what an operator tells of a cluster.
func told() *Told {
	ends := 3.2 * 3600
	return &Told{Cluster: &Cluster{ID: "c7f31", Stack: "flashmob", State: "up", Zone: "eu-central-1a", Size: 4, Dollars: 0.18, Hourly: 0.73, EndsIn: &ends}}
}

func TestPageInABrowser(t *testing.T) {
	page := open(t)
	var servers []string
	for _, scene := range []struct {
		name string
		play *play
		want []string
	}{
		{"empty", newPlay(0, nil), []string{"No run yet"}},
		{"healthy", newPlay(4, told()).begin(manifest.Run{}).plays(200), []string{"classifier", "going", "workers-4", "Nothing is known yet"}[:3]},
		{"lost", newPlay(4, told()).begin(manifest.Run{}).plays(120).loses(2).plays(60), []string{"1 of the workers is lost", "no sign of life"}},
		{"finished", newPlay(4, told()).begin(manifest.Run{}).plays(90).ends(nil).plays(0), []string{"done", "100.0 %"}},
		{"failed", newPlay(2, nil).begin(manifest.Run{}).plays(20).ends(errTold), []string{"It failed:", "is its disk full?"}},
	} {
		t.Run(scene.name, func(t *testing.T) {
			server := httptest.NewServer(Handler(scene.play.Collector))
			defer server.Close()
			for _, l := range looks {
				page.does(t, append(l.actions(), chromedp.Navigate(server.URL))...)
				text := evaluated[string](t, page, `document.body.innerText`)
				for _, want := range scene.want {
					if !strings.Contains(text, want) {
						t.Errorf("%s: it lacks %q:\n%s", l.name, want, text)
					}
				}
				page.fits(t)
				page.shoot(t, scene.name+"-"+l.name)
			}
			servers = append(servers, server.URL)
			page.fine(t, servers...) // what was open before may have asked once more
		})
	}
}

func TestPageShowsTheFiguresOfTheStatus(t *testing.T) {
	page := open(t)
	p := newPlay(3, nil).begin(manifest.Run{}).plays(30)
	server := httptest.NewServer(Handler(p.Collector))
	defer server.Close()
	page.does(t, chromedp.Navigate(server.URL))
	for range 2 {
		answer, err := http.Get(server.URL + "/api/status")
		if err != nil {
			t.Fatal(err)
		}
		var v View
		err = json.NewDecoder(answer.Body).Decode(&v)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{Count(v.Run.Records), Percent(*v.Run.Fraction), RowRate(*v.Run.Rows), Seconds(v.Run.Process[1].Latency.P9999)}
		for _, figure := range want {
			page.waits(t, fmt.Sprintf("document.body.innerText.includes(%q)", figure))
		}
		figure := short("")
		for i, w := range v.Run.Workers {
			l := w.Stages[1].Latency
			want := []string{w.Name, fmt.Sprintf("%d of %d", w.Busy, w.Slots), Count(w.Records), perSecond(w.Volume.Now), figure(w.Rows.Now),
				figure(w.Rows.Least), figure(w.Rows.Median), figure(w.Rows.Most), Seconds(l.P50), Seconds(l.P95), Seconds(l.P99), Seconds(l.P999), Seconds(l.P9999)}
			row := fmt.Sprintf(`[...document.querySelectorAll("[aria-labelledby=h-workers] tbody tr")[%d].cells].map(c => c.innerText).join("|")`, i)
			page.waits(t, fmt.Sprintf("%s === %q", row, strings.Join(want, "|")))
		}
		p.plays(5) // and the page follows, without being loaded again
	}
	if loads := evaluated[int](t, page, `performance.getEntriesByType("navigation").length`); loads != 1 {
		t.Errorf("it was loaded %d times", loads)
	}
	page.fine(t, server.URL)
}

func TestPageKeepsFocusAndScrollWhileItFollows(t *testing.T) {
	page := open(t)
	p := newPlay(60, nil).begin(manifest.Run{}).plays(3)
	server := httptest.NewServer(Handler(p.Collector))
	defer server.Close()
	page.does(t, append(looks[2].actions(), chromedp.Navigate(server.URL))...)
	page.does(t, chromedp.Evaluate(`table = document.querySelector("[aria-labelledby=h-workers].wide"); table.focus(); table.scrollLeft = 120; true`, nil))
	p.plays(7)
	page.waits(t, fmt.Sprintf("document.body.innerText.includes(%q)", Count(p.View().Run.Records)))
	if !evaluated[bool](t, page, `document.activeElement === table && table.isConnected && table.scrollLeft === 120`) {
		t.Error("focus or scroll was lost")
	}
	page.fine(t, server.URL)
}

func TestPageSaysThatTheServerIsGoneAndComesBack(t *testing.T) {
	page := open(t)
	p := newPlay(1, nil).begin(manifest.Run{}).plays(3)
	var gone sync.Map
	shown := Handler(p.Collector)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, is := gone.Load("gone"); is {
			panic(http.ErrAbortHandler) // the connection is cut
		}
		shown.ServeHTTP(w, r)
	}))
	defer server.Close()
	page.does(t, chromedp.Navigate(server.URL))
	gone.Store("gone", true)
	page.waits(t, `document.getElementById("gone").offsetHeight > 0`)
	gone.Delete("gone")
	page.waits(t, `document.getElementById("gone").offsetHeight === 0`)
	page.fine(t, server.URL)
}

func TestPageShowsHostileTextAsText(t *testing.T) {
	page := open(t)
	const hostile = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>"'` + "`&lt;{{.}}\u202e"
	p := newPlay(2, &Told{Cluster: &Cluster{ID: hostile, Zone: hostile, State: hostile}})
	p.meters[0].Worker = hostile
	p.happens(worker.IncidentLost, 0, hostile)
	p.status.Reasons = map[string]int64{hostile: 3, "\xff\xfe": 1}
	p.status.Owners = []string{hostile, "workers-2"}
	p.begin(manifest.Run{ID: hostile, App: hostile, Inputs: []input.Input{{URI: hostile, Size: p.total}}}).plays(3).ends(fmt.Errorf("%s", hostile))
	server := httptest.NewServer(Handler(p.Collector))
	defer server.Close()
	page.does(t, append(looks[2].actions(), chromedp.Navigate(server.URL))...)
	if n := evaluated[int](t, page, `document.body.innerText.split('<img src=x onerror="window.hit=1"><script>').length - 1`); n < 8 {
		t.Errorf("it stands there as text %d times", n)
	}
	if evaluated[bool](t, page, `window.hit === 1 || document.querySelector("#live img, #live script") !== null`) {
		t.Error("the text was taken for a program")
	}
	page.fits(t)
	page.shoot(t, "hostile-phone")
	page.fine(t, server.URL)
}

func TestPageOfTwoHundredWorkersIsFast(t *testing.T) {
	page := open(t)
	p := newPlay(200, told()).begin(manifest.Run{})
	p.status.Total *= 10
	for i := range 256 {
		p.status.Owners = append(p.status.Owners, p.meters[i%200].Worker)
	}
	p.plays(40)
	server := httptest.NewServer(Handler(p.Collector))
	defer server.Close()
	page.does(t, append(looks[0].actions(), chromedp.Navigate(server.URL))...)
	if rows := evaluated[int](t, page, `document.querySelectorAll("[aria-labelledby=h-workers] tbody tr").length`); rows != 200 {
		t.Errorf("%d workers are shown", rows)
	}
	page.shoot(t, "crowd-desktop")
	took := evaluated[float64](t, page, `(() => {
		const now = new DOMParser().parseFromString(document.documentElement.outerHTML.replaceAll("1", "2"), "text/html");
		const begun = performance.now();
		morph(document.getElementById("live"), now.getElementById("live"));
		document.body.offsetHeight;
		return performance.now() - begun;
	})()`)
	t.Logf("to change every figure takes the browser %.0f ms", took)
	if took > 1000 { // a second is what there is; it takes a tenth of it
		t.Errorf("to change every figure takes the browser %.0f ms", took)
	}
	page.fine(t, server.URL)
}

func TestPageCanBeReadByScreenReaderAndKeyboard(t *testing.T) {
	page := open(t)
	p := newPlay(2, told()).begin(manifest.Run{}).plays(10)
	server := httptest.NewServer(Handler(p.Collector))
	defer server.Close()
	page.does(t, append(looks[0].actions(), chromedp.Navigate(server.URL))...)
	for what, expression := range map[string]string{
		"tables have no head":            `document.querySelectorAll("table:not(:has(thead th[scope=col]))").length`,
		"rows have no head":              `document.querySelectorAll("table:not(.text) tbody tr:not(:has(th[scope=row]))").length`,
		"scrolling regions have no name": `[...document.querySelectorAll(".wide")].filter(e => e.tabIndex !== 0 || !document.getElementById(e.getAttribute("aria-labelledby"))).length`,
		"figures say nothing in words":   `[...document.querySelectorAll("figure")].filter(e => e.querySelector(".says").innerText.length < 10 || e.querySelector("svg").getAttribute("aria-hidden") !== "true").length`,
		"ids are there twice":            `[...document.querySelectorAll("[id]")].filter(e => document.querySelectorAll("#" + CSS.escape(e.id)).length > 1).length`,
		"the language is not said":       `document.documentElement.lang === "en" ? 0 : 1`,
		"there is not one first heading": `Math.abs(document.querySelectorAll("h1").length - 1)`,
		"the bar has no name":            `document.querySelector("progress").getAttribute("aria-label") ? 0 : 1`,
		"texts have too little contrast": contrast,
	} {
		if n := evaluated[int](t, page, expression); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
	page.does(t, chromedp.KeyEvent("\t"))
	if first := evaluated[string](t, page, `document.activeElement.className`); first != "skip" {
		t.Errorf("the first that the keyboard reaches is %q", first)
	}
	page.fine(t, server.URL)
}

// contrast counts texts with less than 4.5 : 1 against what is behind them.
const contrast = `(() => {
	const light = c => { const [r, g, b] = c.match(/[\d.]+/g).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c !== "rgba(0, 0, 0, 0)") return c; } return "rgb(255,255,255)"; };
	return [...document.querySelectorAll("#live *")].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !e.closest("svg, progress")).filter(e => {
		const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
	}).length;
})()`
