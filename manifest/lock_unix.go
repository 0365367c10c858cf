//go:build unix

package manifest

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the folder for this process, without waiting.
func lock(journal *os.File) error {
	err := unix.Flock(int(journal.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}
