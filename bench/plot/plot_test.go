package plot

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"flashmob/bench"
)

func aSeries(cloud string) *bench.Series {
	s := &bench.Series{Name: cloud + ", native", Cloud: cloud, Rows: []int64{1000, 100_000}, Sizes: []int{1, 2, 4}, Runs: 1, Date: time.Unix(0, 0)}
	for _, rows := range s.Rows {
		for _, size := range s.Sizes {
			seconds := float64(rows)/1000/float64(size) + 2
			e := bench.Entry{Ended: bench.Done, Job: bench.Job{Rows: rows}, Predicted: &bench.Prediction{Seconds: bench.Exactly(seconds)},
				Actual: bench.Actual{Seconds: seconds}}
			if cloud != bench.Local {
				e.Actual.Dollars = seconds * float64(size+1)
			}
			s.Points = append(s.Points, bench.Point{Rows: rows, Size: size, Entries: []bench.Entry{e}})
		}
	}
	return s
}

// text is all that an SVG shows in letters.
func text(t *testing.T, svg []byte) string {
	t.Helper()
	var said strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return said.String()
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if chars, ok := token.(xml.CharData); ok {
			said.Write(chars)
			said.WriteByte(' ')
		}
	}
}

func TestPlotsShowWhatThereIs(t *testing.T) {
	for cloud, want := range map[string][]string{bench.Local: {"time", "efficiency", "predicted"}, bench.Sandbox: {"time", "cost", "efficiency", "predicted"}} {
		plots, err := All(aSeries(cloud))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range plots {
			names = append(names, p.Name[strings.LastIndex(p.Name, "-")+1:])
			svg, err := p.Bytes("svg")
			if err != nil {
				t.Fatal(err)
			}
			said := text(t, svg)
			if !strings.Contains(said, "100 000 rows") || !strings.Contains(said, cloud+", native") {
				t.Errorf("%s says %q", p.Name, said)
			}
			if strings.HasSuffix(p.Name, "cost") && !strings.Contains(said, "the knee") {
				t.Errorf("%s does not name the knee", p.Name)
			}
			picture, err := p.Bytes("png")
			if err != nil {
				t.Fatal(err)
			}
			drawn, err := png.Decode(bytes.NewReader(picture))
			if err != nil || drawn.Bounds().Dx() < 500 {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
		if strings.Join(names, " ") != strings.Join(want, " ") {
			t.Errorf("%s: the plots are %v, want %v", cloud, names, want)
		}
	}
}

func TestSimulatedPlotsSaySo(t *testing.T) {
	s := aSeries(bench.AWS)
	s.Simulated = true
	plots, err := All(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plots {
		svg, err := p.Bytes("svg")
		if err != nil || !strings.Contains(text(t, svg), "(SIMULATED)") {
			t.Errorf("%s does not say that it is simulated: %v", p.Name, err)
		}
	}
}

func TestNothingIsDrawnOfNothing(t *testing.T) {
	s := aSeries(bench.AWS)
	s.Points = nil
	if plots, err := All(s); err != nil || len(plots) > 0 {
		t.Errorf("%v, %v", plots, err)
	}
}

// Faults names them; the others are drawn.
func TestRecordsThatCannotBeAreNotDrawn(t *testing.T) {
	s := aSeries(bench.Sandbox)
	s.Points[0].Entries[0].Actual.Seconds = 0
	s.Points[1].Entries[0].Actual.Dollars = -1
	s.Points[2].Entries[0].Actual.Dollars = 0
	plots, err := All(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plots {
		if _, err := p.Bytes("svg"); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

func TestTicksAreRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		least, most float64
		want        string
	}{{0.04, 30, "0.05 0.1 0.2 0.5 1 2 5 10 20"}, {0.003, 0.014, "0.003 0.004 0.005 0.006 0.008 0.01"}, {13, 33, "14 16 18 20 25 30"}, {77, 1.3e9, "100 1000 10000 100000 1000000 10000000 100000000 1000000000"}} {
		var labels []string
		for _, tick := range (ticks{}).Ticks(c.least, c.most) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("the ticks from %v to %v are %s, want %s", c.least, c.most, got, c.want)
		}
	}
}
