package manifest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Split copies the results of the finished run in dir into n files of about the same size beside them, each with the header
// line where there is one: results.1.csv.gz and so on. It returns their names. They end where parts do, so there may be
// fewer. The results themselves stay as they are.
func Split(dir string, n int) (names []string, err error) {
	m, err := Load(dir)
	if err != nil {
		return nil, err
	}
	results, err := os.Open(filepath.Join(dir, m.Results))
	if err != nil {
		return nil, fmt.Errorf("split: %w", err)
	}
	defer results.Close()
	head, begin := m.front()
	aim := (m.Bytes - begin + int64(n) - 1) / int64(n)
	from, at := begin, begin
	cut := func() error {
		name := splitName(m.Results, len(names)+1)
		if err := copyRanges(filepath.Join(dir, name), results, [][2]int64{head, {from, at}}); err != nil {
			return fmt.Errorf("split: %w", err)
		}
		names, from = append(names, name), at
		return nil
	}
	var offset int64
	for i, p := range m.Parts {
		offset += p.Bytes
		if offset <= begin {
			continue
		}
		at = offset
		openEnd := p.Open && i+1 < len(m.Parts) // its line's end follows
		if at-from >= aim && !openEnd && at < m.Bytes {
			if err := cut(); err != nil {
				return nil, err
			}
		}
	}
	if at = m.Bytes; from < at || len(names) == 0 {
		err = cut()
	}
	return names, err
}

// front returns the range of the results that holds the header line, and where records begin.
func (m *Manifest) front() (head [2]int64, begin int64) {
	var offset int64
	for _, p := range m.Parts {
		if p.Kind == Records || p.Kind == Merged {
			break
		}
		if (p.Kind == Header || p.Kind == Title) && p.Bytes > 0 {
			head, begin = [2]int64{offset, offset + p.Bytes}, offset+p.Bytes
		}
		offset += p.Bytes
	}
	return head, begin
}

// splitName returns the name of the i-th file that results are split into.
func splitName(results string, i int) string {
	return strings.Replace(results, "results.", fmt.Sprintf("results.%d.", i), 1)
}

// copyRanges writes ranges of a file, one behind the other, to another.
func copyRanges(path string, from io.ReaderAt, ranges [][2]int64) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		if _, err := io.Copy(file, io.NewSectionReader(from, r[0], r[1]-r[0])); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}
