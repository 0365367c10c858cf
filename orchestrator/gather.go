package orchestrator

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"flashmob/manifest"
	"flashmob/worker"
)

// gather takes the parts home as they are gathered in the cluster, until the run is over.
func (c *Cluster) gather(ctx context.Context, r *remote, l line) error {
	target := fmt.Sprintf("/parts?from=%d", len(c.folder.Parts))
	if n := len(c.folder.Parts); n > 0 {
		target += "&after=" + c.folder.Parts[n-1].SHA256
	}
	answer, err := l.ask(ctx, http.MethodGet, target, nil)
	if err != nil {
		return fmt.Errorf("gather: %w: %w", ErrCutOff, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusServiceUnavailable {
		return fmt.Errorf("gather: %w: %s leads no more", ErrCutOff, r.host.Name)
	}
	if answer.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // the status says enough without it
		return fmt.Errorf("gather: part %d on: %s: %s", len(c.folder.Parts), answer.Status, strings.TrimSpace(string(why)))
	}
	stream := bufio.NewReaderSize(answer.Body, 1<<20)
	for {
		text, err := stream.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("gather: %w: %w", ErrCutOff, err)
		}
		var item worker.Followed
		if err := json.Unmarshal(text, &item); err != nil {
			return fmt.Errorf("gather: %w", err)
		}
		if item.Over != nil {
			c.folder.Summary, c.folder.Exchange = item.Over.Summary, item.Over.Exchange
			return item.Over.Err()
		}
		if item.Part == nil {
			return errors.New("gather: an item that is neither a part nor the end")
		}
		if err := c.take(*item.Part, stream); err != nil {
			return err
		}
	}
}

// take appends a part to the folder here, if it is what it says.
func (c *Cluster) take(part manifest.Part, stream io.Reader) error {
	return c.folder.Append(part, func(results *os.File) ([]byte, error) {
		h := sha256.New()
		if _, err := io.CopyN(io.MultiWriter(results, h), stream, part.Bytes); err != nil {
			if local := new(fs.PathError); errors.As(err, &local) { // it is this disk that fails
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", ErrCutOff, err)
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != part.SHA256 {
			return nil, fmt.Errorf("part at %d: its hash is %.8s, want %.8s", part.Offset, sum, part.SHA256)
		}
		rejects := make([]byte, part.RejectBytes)
		if _, err := io.ReadFull(stream, rejects); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCutOff, err)
		}
		return rejects, nil
	})
}
