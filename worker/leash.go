package worker

import (
	"errors"
	"syscall"
	"time"
)

// leashEvery is how often a process looks whether the one is there that it ends with.
const leashEvery = 500 * time.Millisecond

// Outlive returns when a process of this machine is gone.
func Outlive(process int) {
	for !errors.Is(syscall.Kill(process, 0), syscall.ESRCH) {
		time.Sleep(leashEvery)
	}
}
