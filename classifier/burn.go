package classifier

import "crypto/sha256"

// burn keeps the core busy for a few microseconds.
func burn() {
	var block [4096]byte
	sha256.Sum256(block[:])
}
