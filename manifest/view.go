package manifest

import (
	"errors"
	"io/fs"
	"os"
)

// View reads a file of a result folder that may still be growing, and may be given its final name meanwhile. Not for
// concurrent use.
type View struct {
	path string // the final one
	skip int64  // bytes at the front that are not shown
	file *os.File
}

// Views returns views of the results and of the rejects, those without their header.
func (f *Folder) Views() (results, rejects *View) {
	return &View{path: f.path(f.Run.Results)}, &View{path: f.path(RejectsFile), skip: int64(len(rejectsHeader))}
}

// ReadAt implements io.ReaderAt.
func (v *View) ReadAt(p []byte, offset int64) (int, error) {
	if v.file == nil {
		var err error
		if v.file, err = os.Open(v.path + partial); errors.Is(err, fs.ErrNotExist) {
			v.file, err = os.Open(v.path)
		}
		if err != nil {
			return 0, err
		}
	}
	return v.file.ReadAt(p, v.skip+offset)
}

// Close closes the view.
func (v *View) Close() error {
	if v.file == nil {
		return nil
	}
	return v.file.Close()
}
