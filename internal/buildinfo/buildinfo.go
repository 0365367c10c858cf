// Package buildinfo tells which build of flashmob this program is.
package buildinfo

import (
	"bytes"
	"debug/elf"
	"os"
	"runtime/debug"
)

// version is set by the Makefile, with -ldflags -X.
var version string

// Version returns the version: what the Makefile stamped, or the module's, or "devel". Programs of one version work
// together.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// ID returns the build ID that the Go linker left in this program, which differs between any two programs that were
// not built from the same source, or "" where it cannot be read.
func ID() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	file, err := elf.Open(path)
	if err != nil { // not an ELF system: the version has to do
		return ""
	}
	defer file.Close()
	section := file.Section(".note.go.buildid")
	if section == nil {
		return ""
	}
	note, err := section.Data()
	if err != nil || len(note) < 16 {
		return ""
	}
	// A note is three 32-bit words, the padded name "Go", and the text.
	text := string(bytes.TrimRight(note[16:], "\x00"))
	return contentID(text)
}

// contentID returns the last of the four hashes in a build ID, the one of the program's content.
func contentID(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}
