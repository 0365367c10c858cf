package manifest

import (
	"os"
	"path/filepath"
)

// Names that tests outside the package look for.
const (
	Partial       = partial
	RejectsHeader = rejectsHeader
)

// Hash is the hash that parts and rejects are held to.
var Hash = hash

// Reseal writes m as the manifest of dir with a digest that fits, as someone would who knows how it is made.
func Reseal(dir string, m *Manifest) error {
	digest, err := m.seal()
	if err != nil {
		return err
	}
	m.Digest = digest
	text, err := m.text()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ManifestFile), text, 0o644)
}
