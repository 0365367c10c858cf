package network

import (
	"errors"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// What the first thread of a process has entered is what the process is in, for everybody who looks.
func TestFirstThreadEntersNoNamespace(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 500 {
				err := onThread(func() error {
					if unix.Gettid() == unix.Getpid() {
						return errors.New("it is the first thread")
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
