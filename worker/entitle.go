package worker

import (
	"bytes"
	"errors"
	"fmt"

	"flashmob/manifest"
)

// ErrTitle says that a program gave header lines that differ.
var ErrTitle = errors.New("the program's header lines differ")

// entitle puts the results' header line in front of the first part whose operator gave one, and makes sure that all give
// the same.
func (g *gatherer) entitle(part Part) error {
	switch {
	case part.Title == nil:
		return nil
	case g.head != nil && !bytes.Equal(g.head, part.Title):
		return fmt.Errorf("results of batch at %d: %w: it is %.200q, the first one is %.200q", part.Batch.Offset, ErrTitle, part.Title, g.head)
	case g.head != nil:
		return nil
	}
	g.head = part.Title
	if g.heads { // an earlier sitting has put it there
		return nil
	}
	g.heads = true
	return g.add(manifest.Part{Kind: manifest.Title, Input: part.Batch.Input, Offset: part.Batch.Offset}, ended(part.Title))
}
