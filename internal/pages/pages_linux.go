package pages

import "golang.org/x/sys/unix"

// advise asks the kernel for huge pages.
func advise(buf []byte) {
	if len(buf) > 0 {
		_ = unix.Madvise(buf, unix.MADV_HUGEPAGE) // a kernel without them serves as well, only not as quickly
	}
}
