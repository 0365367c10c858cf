package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// recent is how many of the newest runs a calibration looks at: machines and links change.
const recent = 20

// Calibrate corrects the constants of a place by what runs there took. For each phase every run says by how much the model was
// off; the median of that becomes a factor, and its spread the range. Runs of the same program say what
// its work takes; where there are none, those of all programs do.
func (k Constants) Calibrate(ledger Ledger, app string, settings json.RawMessage) Constants {
	all := ledger.whole()
	all = all[max(0, len(all)-recent):]
	scale := func(phase string, of Ledger, figures ...*Figure) {
		ratios := k.ratios(of, phase)
		if len(ratios) == 0 {
			return
		}
		factor := Seen(ratios, "")
		for _, f := range figures {
			f.Value *= factor.Value
			f.Low, f.High = f.Value*factor.Low/factor.Value, f.Value*factor.High/factor.Value
			f.Mark, f.Source = Measured, runs(len(ratios))
		}
	}
	out := k
	scale(Provision, all, &out.Provision, &out.ProvisionHost, &out.Launched, &out.Upload, &out.UploadHost)
	scale(Starting, all, &out.Start, &out.StartHost)
	scale(Stopping, all, &out.Stop, &out.StopHost)
	scale(Destroy, all, &out.Destroy, &out.DestroyHost)
	if same := all.Same(app, settings); len(k.ratios(same, Working)) > 0 {
		out.learn(same)
	} else {
		scale(Working, all, &out.Overlap)
	}
	return out
}

// learn takes in what the work of a program's runs took. One run does not tell what every row takes longer than the model says from
// what is taken once: of what the least of the runs has too much, each gets half.
func (k *Constants) learn(runsOf Ledger) {
	took, said := k.against(runsOf, Working)
	least := slices.Index(took, slices.Min(took))
	once := max(took[least]-said[least], 0) / 2
	ratios := make([]float64, len(took))
	for i := range took {
		ratios[i] = (took[i] - once) / said[i]
	}
	k.Overlap = k.Overlap.By(Seen(ratios, ""))
	k.Overlap.Mark, k.Overlap.Source = Measured, runs(len(ratios))
	k.Once = Figure{Value: once, High: 2 * once, Mark: Measured, Source: runs(len(ratios))}
	k.OnceOf = took[least] - once
}

// Supposing is the ledger with a job's row in the entries of runs of the same program, over rows of about the same size, of which
// nobody had taken a sample before: what a row takes alone is the program's, whatever a run made of it.
func (l Ledger) Supposing(app string, settings json.RawMessage, job Job) Ledger {
	l = slices.Clone(l)
	for i, e := range l {
		like := e.Job.In.Value > 0.75*job.In.Value && e.Job.In.Value < 1.33*job.In.Value
		if len(Ledger{e}.Same(app, settings)) > 0 && e.Job.Row.Value == 0 && like {
			l[i].Job.Row, l[i].Job.Begin, l[i].Job.Again, l[i].Job.Idle = job.Row, job.Begin, job.Again, job.Idle
		}
	}
	return l
}

// ratios is what a phase took of each run, over what these constants say of it.
func (k Constants) ratios(ledger Ledger, phase string) []float64 {
	ratios, said := k.against(ledger, phase)
	for i := range ratios {
		ratios[i] /= said[i]
	}
	return ratios
}

// against is how many seconds a phase took of each run, and how many these constants say.
func (k Constants) against(ledger Ledger, phase string) (took, said []float64) {
	for _, e := range ledger {
		seconds, known := e.Actual.Phases[phase]
		if !known || phase == Working && e.Job.Row.Value == 0 {
			continue
		}
		for _, p := range Predict(e.Job, e.Shape, k).Phases {
			if p.Name == phase && p.Seconds.Value > 0 && seconds > 0 {
				took, said = append(took, seconds), append(said, p.Seconds.Value)
			}
		}
	}
	return took, said
}

// Row is a slot's time for a row of the program, as its runs in a place have it; the zero Figure where there are none.
// What the work waited for besides is in it: it is a figure for the same kind of run, not for another shape. What a run over much fewer
// rows than another took was to begin, more than for its rows: it says nothing here.
func (l Ledger) Row() Figure {
	const few = 100
	var rows []float64
	all, most := l.whole(), int64(0)
	for _, e := range all {
		most = max(most, e.Job.Rows)
	}
	for _, e := range all {
		if took := e.Actual.Phases[Working]; took > 0 && e.Job.Rows >= most/few {
			rows = append(rows, took*e.Shape.AtOnce(e.Job.Idle)/float64(e.Job.Rows))
		}
	}
	rows = rows[max(0, len(rows)-recent):]
	return Seen(rows, runs(len(rows)))
}

// runs says how many runs a figure is from.
func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// compacted is settings without the white space that says nothing.
func compacted(settings json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, settings) != nil {
		return settings
	}
	return b.Bytes()
}
