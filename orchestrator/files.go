package orchestrator

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// bundleFiles packs files and folders into one archive, in the folder dir: each under its own name, what a folder
// holds below it. The archive is a function of names, contents and executable bits alone, so that a host that has it
// is known by its hash. Symbolic links are followed: on a host they would lead nowhere.
func bundleFiles(files []string, dir string) (p *parcel, err error) {
	archive, err := os.Create(filepath.Join(dir, "files.tar"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	w := tar.NewWriter(archive)
	taken := map[string]string{}
	for _, file := range files {
		full, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("file %q: %w", file, err)
		}
		name := filepath.Base(full)
		if other, ok := taken[name]; ok {
			return nil, fmt.Errorf("file %q: %w: %q comes under it too", file, ErrSameName, other)
		}
		taken[name] = file
		if err := add(w, full, name); err != nil {
			return nil, fmt.Errorf("file %q: %w", file, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	sum, size, err := sumOf(archive.Name())
	if err != nil {
		return nil, err
	}
	return &parcel{what: "files", sum: sum, size: size, local: archive.Name(), dir: filesFolder, name: sum[:16] + ".tar", mode: "600"}, nil
}

// ErrSameName says that two uploads would have the same name in the working folder.
var ErrSameName = errors.New("the name is taken")

// ErrNotAFile says that something to upload is neither a file nor a folder.
var ErrNotAFile = errors.New("neither a file nor a folder")

// add adds a file, or a folder with all that is in it, in the order of names.
func add(w *tar.Writer, local, name string) error {
	info, err := os.Stat(local)
	if err != nil {
		return cause(err)
	}
	header := &tar.Header{Name: name, Mode: 0o644, Format: tar.FormatPAX}
	switch {
	case info.IsDir():
		header.Typeflag, header.Name, header.Mode = tar.TypeDir, name+"/", 0o755
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		entries, err := os.ReadDir(local)
		if err != nil {
			return cause(err)
		}
		for _, entry := range entries {
			if err := add(w, filepath.Join(local, entry.Name()), path.Join(name, entry.Name())); err != nil {
				return fmt.Errorf("%s: %w", entry.Name(), err)
			}
		}
		return nil
	case !info.Mode().IsRegular():
		return ErrNotAFile
	}
	if info.Mode()&0o111 != 0 {
		header.Mode = 0o755
	}
	header.Size = info.Size()
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	source, err := os.Open(local)
	if err != nil {
		return cause(err)
	}
	defer source.Close()
	_, err = io.Copy(w, source)
	return err
}

// cause strips the path that the os package puts before an error: the caller names it.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// workFolder is the working folder of the run's processes on a host, under the login's home: the run's files are in it.
func (c *Cluster) workFolder() string { return path.Join(c.runFolder(), "work") }

// unpack is the shell command that makes the working folder, with the run's files in it.
func (c *Cluster) unpack() string {
	command := "mkdir -p -m 700 " + quote(c.workFolder())
	if c.bundle != nil {
		command += fmt.Sprintf(" && tar -xf %s -C %s", quote(c.bundle.path()), quote(c.workFolder()))
	}
	return command
}
