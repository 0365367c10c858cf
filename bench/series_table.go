package bench

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// Table is the series in the form of the seed's tables: rows down, sizes across, in each cell the median, the spread of all runs,
// the efficiency and what it cost.
func (s *Series) Table() *Table {
	unit := "workers"
	if s.Cloud != Local {
		unit = "hosts"
	}
	t := &Table{Columns: []Column{{"rows", true}}}
	for _, size := range s.Sizes {
		name := fmt.Sprintf("%s %s", Grouped(int64(size)), unit)
		if size == 1 {
			name = strings.TrimSuffix(name, "s")
		}
		t.Columns = append(t.Columns, Column{name, true}, Column{"spread", true}, Column{"efficiency", true})
		if s.Cloud != Local {
			t.Columns = append(t.Columns, Column{"cost", true})
		}
	}
	for _, rows := range s.Rows {
		cells := []string{Grouped(rows)}
		for _, size := range s.Sizes {
			p, _ := s.At(rows, size)
			cells = append(cells, s.cell(p)...)
		}
		t.Add(cells...)
	}
	return t
}

// cell is a point in the columns that a size has.
func (s *Series) cell(p Point) []string {
	times := p.Times()
	if len(times) == 0 {
		cells := []string{"missing", "", ""}
		if p.Failed != "" {
			cells[0] = "FAILED"
		}
		if s.Cloud != Local {
			cells = append(cells, "")
		}
		return cells
	}
	spread := fmt.Sprintf("%s–%s of %d", Seconds(times[0]), Seconds(times[len(times)-1]), len(times))
	cells := []string{Seconds(Median(times)), spread, fmt.Sprintf("%.0f %%", 100*s.Efficiency(p))}
	if s.Simulated {
		cells[0] += " simulated"
	}
	if s.Cloud != Local {
		money := Money(p.Cost())
		if s.Knee(p.Rows) == p.Size {
			money += " *"
		}
		cells = append(cells, money)
	}
	return cells
}

// CSV is the series for programs: a line a point.
func (s *Series) CSV() (string, error) {
	var text strings.Builder
	w := csv.NewWriter(&text)
	lines := [][]string{{"series", "simulated", "rows", "size", "runs", "median_s", "least_s", "most_s", "efficiency", "dollars", "predicted_s", "failed"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
	for _, rows := range s.Rows {
		for _, size := range s.Sizes {
			p, _ := s.At(rows, size)
			line := []string{s.Name, strconv.FormatBool(s.Simulated), strconv.FormatInt(rows, 10), strconv.Itoa(size), strconv.Itoa(len(p.Times()))}
			if times := p.Times(); len(times) > 0 {
				line = append(line, number(Median(times)), number(times[0]), number(times[len(times)-1]), number(s.Efficiency(p)), number(p.Cost()), number(p.Predicted()))
			} else {
				line = append(line, "", "", "", "", "", "")
			}
			lines = append(lines, append(line, p.Failed))
		}
	}
	err := w.WriteAll(lines)
	return text.String(), err
}

// Heading says in a line what the series is of.
func (s *Series) Heading() string {
	date := s.Date.Format("2 January 2006")
	if s.Prices != "" {
		date += "; " + s.Prices
	}
	if s.Simulated {
		return fmt.Sprintf("%s: SIMULATED, nothing of it was measured; %s", s.Name, date)
	}
	return fmt.Sprintf("%s: %s, measured; %s, %d cores, %s", s.Name, s.Program, s.Machine.CPU, s.Machine.Cores, date)
}

// kind is where the series' times come from, in a word.
func (s *Series) kind() string {
	if s.Simulated {
		return "simulated"
	}
	return "measured"
}

// Page is the series as Markdown: the tables, and what is wrong with the records.
func (s *Series) Page() string {
	page := fmt.Sprintf("%s\n\n%s\nMedians, the whole spread, efficiency against the smallest size", s.Heading(), s.Table().Markdown())
	if s.Cloud != Local {
		page += "; making and ending the cluster is in all of it; * is the knee"
	}
	page += ".\n"
	if accuracy := s.Accuracy(); len(accuracy.Rows) > 0 {
		about := "Predicted, with what the runs before had taught, against measured:"
		if s.Simulated {
			about = "The formula of the cost model against the simulation:"
		}
		page += "\n" + about + "\n\n" + accuracy.Markdown()
	}
	for _, fault := range s.Faults() {
		page += "\n* WRONG OR MISSING: " + fault + "\n"
	}
	return page
}

// Accuracy is what was predicted against what was measured, or simulated, a line a point.
func (s *Series) Accuracy() *Table {
	t := &Table{Columns: []Column{{"rows", true}, {"size", true}, {"predicted", true}, {s.kind(), true}, {"off", true}}}
	for _, rows := range s.Rows {
		for _, size := range s.Sizes {
			p, _ := s.At(rows, size)
			if said, times := p.Predicted(), p.Times(); said > 0 && len(times) > 0 {
				t.Add(Grouped(rows), fmt.Sprint(size), Seconds(said), Seconds(Median(times)), fmt.Sprintf("%+.0f %%", 100*(said/Median(times)-1)))
			}
		}
	}
	return t
}
