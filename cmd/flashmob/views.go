package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"flashmob/dashboard"
)

// describe writes a reading as a line of text.
func describe(p dashboard.Progress) string {
	parts := []string{groups(p.Records) + " rows"}
	if p.RowsPerS > 0 {
		parts = append(parts, groups(int64(p.RowsPerS))+" rows/s")
	}
	if p.BytesPerS > 0 {
		parts = append(parts, megabytes(int64(p.BytesPerS))+"/s")
	}
	if p.Left >= 0 {
		parts = append(parts, took(p.Left)+" left")
	}
	if p.Rejected > 0 {
		parts = append(parts, groups(p.Rejected)+" rejected")
	}
	return strings.Join(parts, ", ")
}

// silentView shows lines only.
type silentView struct{ io.Writer }

func (silentView) progress(dashboard.Progress) {}
func (silentView) close()                      {}

// jsonView writes a JSON object a reading.
type jsonView struct{ encoder *json.Encoder }

func (v jsonView) progress(p dashboard.Progress) {
	_ = v.encoder.Encode(struct {
		Event string `json:"event"`
		dashboard.Progress
	}{"progress", p}) // progress that cannot be shown must not end the run
}
func (jsonView) Write(b []byte) (int, error) { return len(b), nil }
func (jsonView) close()                      {}

// lineView writes a line every few seconds, for logs.
type lineView struct {
	io.Writer
	last time.Time
}

const lineEvery = 3 * time.Second

func (v *lineView) progress(p dashboard.Progress) {
	if v.last.IsZero() {
		v.last = time.Now()
	}
	if time.Since(v.last) < lineEvery {
		return
	}
	v.last = time.Now()
	percent := ""
	if p.Fraction >= 0 {
		percent = fmt.Sprintf("%3.0f %%, ", 100*p.Fraction)
	}
	fmt.Fprintln(v, percent+describe(p))
}
func (*lineView) close() {}

// barView draws a bar on a terminal, below the lines.
type barView struct {
	*mpb.Progress
	bar  *mpb.Bar
	text string
}

// barUnits is the length of the bar's scale: it is set from fractions.
const barUnits = 10_000

func newBarView(terminal *os.File) *barView {
	v := &barView{Progress: mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(40), mpb.WithRefreshRate(100*time.Millisecond))}
	v.bar = v.New(barUnits, mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░"),
		mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Percentage(decor.WC{W: 5})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + v.text })))
	return v
}

func (v *barView) progress(p dashboard.Progress) {
	v.text = describe(p)
	v.bar.SetCurrent(min(int64(max(p.Fraction, 0)*barUnits), barUnits-1))
}

func (v *barView) close() {
	v.bar.Abort(true)
	v.Wait()
}
