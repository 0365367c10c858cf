package manifest

import "os"

// hold opens the journal at path and takes its folder for this process, as long as the journal is open.
func hold(path string, flags int) (*os.File, error) {
	for {
		journal, err := os.OpenFile(path, flags|os.O_RDWR, 0o644)
		if err != nil {
			return nil, cause(err)
		}
		if err := lock(journal); err != nil {
			journal.Close()
			return nil, err
		}
		if isAt(journal, path) {
			return journal, nil
		}
		journal.Close() // its run finished between the two calls and took it away: what is there now?
	}
}

// isAt reports whether an open file is the one that its path leads to.
func isAt(file *os.File, path string) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(held, there)
}
