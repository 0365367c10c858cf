package dashboard

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"flashmob/timeline"
	"flashmob/worker"
)

//go:embed assets
var assets embed.FS

// sheet is what a template shows: a view, and what is drawn of it.
type sheet struct {
	*View
	Graphs []Graph
}

// batch says of which batch an incident is; empty where it is of none.
func batch(i worker.Incident, r *Run) string {
	if i.Length == 0 {
		return ""
	}
	name := fmt.Sprintf("input %d", i.Input+1)
	if r.Settings != nil && i.Input < len(r.Settings.Inputs) {
		name = r.Settings.Inputs[i.Input].URI
	}
	if r.Unit == "rows" {
		return fmt.Sprintf("%s rows from row %s of %s", Count(i.Length), Count(i.Offset), name)
	}
	return fmt.Sprintf("%s from byte %s of %s", Bytes(float64(i.Length)), Count(i.Offset), name)
}

// holding is how many partitions a worker owns.
type holding struct {
	Owner      string
	Count      int
	Partitions string // 0–15, 20
}

// holdings groups partitions by their owners.
func holdings(partitions []Partition) []holding {
	of := map[string][]int{}
	for _, p := range partitions {
		of[p.Owner] = append(of[p.Owner], p.Number)
	}
	var all []holding
	for _, owner := range slices.SortedFunc(maps.Keys(of), timeline.Compare) {
		all = append(all, holding{owner, len(of[owner]), runs(of[owner])})
	}
	return all
}

// runs writes ascending numbers, those that follow each other as a range.
func runs(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := Count(int64(numbers[i]))
		if j > i {
			part += "–" + Count(int64(numbers[j]))
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

var functions = template.FuncMap{
	"percent": Percent, "rows": RowRate, "volume": perSecond, "bytes": Bytes, "count": Count, "seconds": Seconds, "dollars": Dollars,
	"processed": func(stages []Stage) *Stage {
		if i := slices.IndexFunc(stages, func(s Stage) bool { return s.Name == worker.StageProcess }); i >= 0 {
			return &stages[i]
		}
		return nil
	},
	"clock": clock, "holdings": holdings,
	"of":    func(f *float64) float64 { return *f },
	"whole": func(n *int64) int64 { return *n },
	"int":   func(n int) int64 { return int64(n) },
	"ubyte": func(n *uint64) string { return Bytes(float64(*n)) },
	"ibyte": func(n int64) string { return Bytes(float64(n)) },
	"load":  func(f *float64) string { return digits(*f) },
	"newest": func(incidents []worker.Incident) []worker.Incident {
		newest := slices.Clone(incidents)
		slices.Reverse(newest)
		return newest[:min(len(newest), 50)]
	},
	"lost": func(workers []Worker) (n int) {
		for _, w := range workers {
			if w.Lost {
				n++
			}
		}
		return n
	},
	"length": func(s timeline.Span, now time.Time) string {
		to := s.To
		if to.IsZero() {
			to = now
		}
		return Seconds(to.Sub(s.From).Seconds())
	},
	"figure": short(""),
	"batch":  batch,
	"unit": func(n int64, unit string) string {
		if unit == "rows" {
			return Count(n) + " rows"
		}
		return Bytes(float64(n))
	},
}

var pages = template.Must(template.New("page.html").Funcs(functions).ParseFS(assets, "assets/page.html", "assets/parts.html"))

// render writes the page of a view, with charts from an easel.
func render(v *View, charts *easel) ([]byte, error) {
	s := sheet{View: v}
	if v.Run != nil {
		var err error
		if s.Graphs, err = charts.graphs(v.Run, v.At); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := pages.Execute(&out, s); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
