package bench

import (
	"strings"
	"unicode/utf8"
)

// A Table is rows of cells under named columns.
type Table struct {
	Columns []Column
	Rows    [][]string // each as long as Columns
}

// A Column is a heading; numbers stand right, words left.
type Column struct {
	Name  string
	Right bool
}

// Add appends one row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Text returns the table for a terminal: columns two blanks apart, no trailing blanks.
func (t *Table) Text() string {
	return t.render("", "  ", "")
}

// Markdown returns the table as Markdown, padded so that it also reads well unrendered.
func (t *Table) Markdown() string {
	return t.render("| ", " | ", " |")
}

func (t *Table) render(left, between, right string) string {
	lines := [][]string{t.heading()}
	for _, row := range t.Rows {
		if left != "" {
			row = escaped(row)
		}
		lines = append(lines, row)
	}
	widths := make([]int, len(t.Columns))
	if left != "" {
		for i := range widths {
			widths[i] = 3 // what some renderers of Markdown ask of a ruler
		}
	}
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}

	var out strings.Builder
	for n, line := range lines {
		cells := make([]string, len(line))
		for i, cell := range line {
			cells[i] = pad(cell, widths[i], t.Columns[i].Right)
		}
		out.WriteString(strings.TrimRight(left+strings.Join(cells, between)+right, " ") + "\n")
		if n == 0 && left != "" {
			out.WriteString(left + strings.Join(t.rulers(widths), between) + right + "\n")
		}
	}
	return out.String()
}

func (t *Table) heading() []string {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	return names
}

// rulers returns Markdown's line under the heading, which also says how each column is aligned.
func (t *Table) rulers(widths []int) []string {
	rulers := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		rulers[i] = strings.Repeat("-", widths[i])
		if column.Right {
			rulers[i] = rulers[i][1:] + ":"
		}
	}
	return rulers
}

// escaped returns the row with the bars of shell pipes escaped, which would end a cell of Markdown.
func escaped(row []string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	return cells
}

func pad(cell string, width int, right bool) string {
	blanks := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
	if right {
		return blanks + cell
	}
	return cell + blanks
}
