package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"flashmob/manifest"
)

// ErrNoResults says that a host holds no results of a finished run, or not those that are asked for.
var ErrNoResults = errors.New("no results of a finished run are there")

// FetchResults brings the results of a finished run from its initializer into the folder output, in place of what a run
// has left there. An empty ID asks for the newest run. The folder changes only when all has come and is proven whole.
func (s *Session) FetchResults(ctx context.Context, id, output string) error {
	pattern := "*"
	if id != "" {
		pattern = quote(id)
	}
	found, err := s.Run(ctx, fmt.Sprintf("ls -1t .flashmob/runs/%s/%s/%s 2>/dev/null | head -n 1", pattern, resultsFolder, manifest.ManifestFile))
	if err != nil {
		return err
	}
	if found = strings.TrimSpace(found); found == "" {
		return &HostError{Host: s.c.host.Name, Err: ErrNoResults}
	}
	var text bytes.Buffer
	if err := s.c.stream(ctx, "cat "+quote(found), nil, &text); err != nil {
		return &HostError{Host: s.c.host.Name, Err: fmt.Errorf("fetch manifest: %w", err)}
	}
	var m manifest.Manifest
	if err := json.Unmarshal(text.Bytes(), &m); err != nil {
		return &HostError{Host: s.c.host.Name, Err: fmt.Errorf("fetch manifest: %w", err)}
	}
	names := []string{m.Results}
	if m.Rejects != nil {
		names = append(names, m.Rejects.File)
	}
	if err := os.MkdirAll(output, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(output, ".fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // in vain where all of it has found its place
	for _, name := range names {
		if name != filepath.Base(name) {
			return &HostError{Host: s.c.host.Name, Err: fmt.Errorf("fetch results: the manifest names %q", name)}
		}
		if err := s.fetch(ctx, path.Join(path.Dir(found), name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, manifest.ManifestFile), text.Bytes(), 0o644); err != nil {
		return err
	}
	if _, err := manifest.Verify(ctx, dir, nil); err != nil {
		return &HostError{Host: s.c.host.Name, Err: err}
	}
	if err := manifest.Clear(output); err != nil {
		return err
	}
	for _, name := range append(names, manifest.ManifestFile) { // the manifest last: with it the folder counts as finished
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(output, name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) fetch(ctx context.Context, from, to string) (err error) {
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := s.c.stream(ctx, "cat "+quote(from), nil, file); err != nil {
		return &HostError{Host: s.c.host.Name, Err: fmt.Errorf("fetch %s: %w", path.Base(from), err)}
	}
	return nil
}
