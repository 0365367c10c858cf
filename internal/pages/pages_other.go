//go:build !linux

package pages

// advise asks for nothing: the kernel decides.
func advise([]byte) {}
