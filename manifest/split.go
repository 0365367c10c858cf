package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// File is one of several that the results of a run lie in.
type File struct {
	Name  string `json:"file"`
	Bytes int64  `json:"bytes"`
	Head  int64  `json:"head,omitempty"` // of Bytes: the header line at the front, which the first file has of its own
}

// Split puts the results of the finished run in dir into n files of about the same size, each with the header line where there
// is one: results.1.csv.gz and so on, in place of the one. They end where parts do, so there may be fewer. The manifest lists
// them. Results that are split already stay as they are.
func Split(dir string, n int) (*Manifest, error) {
	m, err := Load(dir)
	if err != nil || m.Files != nil {
		return m, err
	}
	if err := m.split(dir, n); err != nil {
		return nil, fmt.Errorf("split: %w", err)
	}
	return m, nil
}

func (m *Manifest) split(dir string, n int) error {
	whole := filepath.Join(dir, m.Results)
	results, err := os.Open(whole)
	if err != nil {
		return err
	}
	defer results.Close()
	head, ends := m.cuts(n)
	from := int64(0)
	for i, end := range ends {
		file := File{Name: splitName(m.Results, i+1), Bytes: end - from}
		ranges := [][2]int64{{from, end}}
		if i > 0 {
			file.Head = head[1] - head[0]
			file.Bytes += file.Head
			ranges = [][2]int64{head, {from, end}}
		}
		if err := copyRanges(filepath.Join(dir, file.Name), results, ranges); err != nil {
			return err
		}
		m.Files, from = append(m.Files, file), end
	}
	// The manifest before the results: until it names the files, the results are where it says that they are.
	if err := m.write(filepath.Join(dir, ManifestFile+partial)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, ManifestFile+partial), filepath.Join(dir, ManifestFile)); err != nil {
		return err
	}
	return os.Remove(whole)
}

// cuts returns the range of the results that holds the header line, and where the files are to end.
func (m *Manifest) cuts(n int) (head [2]int64, ends []int64) {
	head, begin := m.front()
	aim := (m.Bytes - begin + int64(n) - 1) / int64(n)
	from, offset := begin, int64(0)
	for i, p := range m.Parts {
		offset += p.Bytes
		openEnd := p.Open && i+1 < len(m.Parts) // its line's end follows
		if offset > begin && offset-from >= aim && !openEnd && offset < m.Bytes {
			ends, from = append(ends, offset), offset
		}
	}
	return head, append(ends, m.Bytes)
}

// front returns the range of the results that holds the header line, and where records begin.
func (m *Manifest) front() (head [2]int64, begin int64) {
	var offset int64
	for _, p := range m.Parts {
		if (p.Kind == Records || p.Kind == Merged) && p.Bytes > 0 {
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

// ResultFiles returns the names of the files that the results lie in.
func (m *Manifest) ResultFiles() (names []string) {
	if m.Files == nil {
		return []string{m.Results}
	}
	for _, file := range m.Files {
		names = append(names, file.Name)
	}
	return names
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

// joined reads the results as one, whatever files they lie in.
type joined struct {
	files []*os.File
	heads []int64 // bytes at the front of each that are no part of it
	sizes []int64 // of the rest
}

// openResults opens the results, and makes sure that the files have the sizes and the header lines that the manifest says.
func (m *Manifest) openResults(dir string) (*joined, error) {
	j := &joined{}
	files := m.Files
	if files == nil {
		files = []File{{Name: m.Results, Bytes: m.Bytes}}
	}
	var sum int64
	for _, f := range files {
		if f.Head < 0 || f.Bytes < f.Head || f.Name != filepath.Base(f.Name) {
			return nil, errors.Join(brokenf("an impossible file: %+v", f), j.Close())
		}
		file, err := os.Open(filepath.Join(dir, f.Name))
		if err != nil {
			return nil, errors.Join(brokenf("%s: %v", f.Name, cause(err)), j.Close())
		}
		j.files, j.heads, j.sizes = append(j.files, file), append(j.heads, f.Head), append(j.sizes, f.Bytes-f.Head)
		sum += f.Bytes - f.Head
		info, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, j.Close())
		}
		if info.Size() != f.Bytes {
			return nil, errors.Join(brokenf("%s has %d bytes, want %d", f.Name, info.Size(), f.Bytes), j.Close())
		}
	}
	if sum != m.Bytes {
		return nil, errors.Join(brokenf("the files add up to %d bytes, the results are said to have %d", sum, m.Bytes), j.Close())
	}
	if err := m.checkHeads(j, files); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// checkHeads makes sure that every file begins with the header line.
func (m *Manifest) checkHeads(j *joined, files []File) error {
	at, _ := m.front()
	want := make([]byte, at[1]-at[0])
	if _, err := j.ReadAt(want, at[0]); err != nil {
		return brokenf("%s: %v", files[0].Name, cause(err))
	}
	for i, f := range files[1:] {
		got := make([]byte, f.Head)
		if _, err := j.files[i+1].ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
			return brokenf("%s does not begin with the header line of %s", f.Name, files[0].Name)
		}
	}
	return nil
}

// ReadAt implements io.ReaderAt.
func (j *joined) ReadAt(p []byte, offset int64) (n int, err error) {
	for i, file := range j.files {
		if offset >= j.sizes[i] {
			offset -= j.sizes[i]
			continue
		}
		step := min(int64(len(p)-n), j.sizes[i]-offset)
		got, err := file.ReadAt(p[n:n+int(step)], j.heads[i]+offset)
		if n += got; int64(got) < step {
			return n, err
		}
		if n == len(p) {
			return n, nil
		}
		offset = 0
	}
	if n < len(p) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

// Close closes the files.
func (j *joined) Close() error {
	var errs []error
	for _, file := range j.files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}
