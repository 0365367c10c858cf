// Package pages gives out memory for large buffers that the kernel has ready quickly: in huge pages, where it has any. The first
// touch of ordinary memory costs a page fault every 4 KiB, which takes longer than to copy them, and many times that in a
// virtual machine that has to ask its host; of a huge page it costs one every 2 MiB.
//
// The memory is the garbage collector's like any other. What cannot be had is no error: then it is ordinary memory.
package pages

import (
	"slices"
	"sync"
	"unsafe"
)

const (
	// hugeSize is the size of a huge page, and what it is aligned to.
	hugeSize = 2 << 20
	// slabSize is how much is asked for at once, for buffers that are smaller than a huge page.
	slabSize = 4 * hugeSize
	// smallest is the size below which a buffer is not worth the trouble.
	smallest = 32 << 10
	// unit is what buffers begin at a multiple of: nobody shares a small page, or a line of a cache.
	unit = 4 << 10
)

// slab is what small buffers are cut from. Whoever has one of them keeps all of it in memory.
var slab struct {
	mu   sync.Mutex
	rest []byte
}

// Make returns an empty buffer with room for n bytes, or a little more.
func Make(n int) []byte {
	switch {
	case n < smallest:
		return make([]byte, 0, n)
	case n > slabSize/2:
		return aligned(n)[:0]
	}
	n = (n + unit - 1) / unit * unit
	slab.mu.Lock()
	defer slab.mu.Unlock()
	if len(slab.rest) < n {
		slab.rest = aligned(slabSize)
	}
	buf := slab.rest[:0:n]
	slab.rest = slab.rest[n:]
	return buf
}

// Grow returns the buffer with room for n bytes more behind what it holds, as slices.Grow does.
func Grow(buf []byte, n int) []byte {
	if n <= cap(buf)-len(buf) {
		return buf
	}
	if need := len(buf) + n; need >= smallest {
		return append(Make(max(need, cap(buf)+cap(buf)/2)), buf...)
	}
	return slices.Grow(buf, n)
}

// aligned returns n bytes that begin where a huge page may.
func aligned(n int) []byte {
	all := make([]byte, n+hugeSize) // what is not touched costs nothing
	from := -uintptr(unsafe.Pointer(unsafe.SliceData(all))) & (hugeSize - 1)
	buf := all[from:][:n:n]
	advise(buf[:n/hugeSize*hugeSize])
	return buf
}
