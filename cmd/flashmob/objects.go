package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"flashmob/input"
	"flashmob/manifest"
	"flashmob/store"
)

// findInputs returns the inputs that names stand for, looking up those in S3 with the operator's credentials.
func findInputs(ctx context.Context, names []string) ([]input.Input, error) {
	return input.Find(names, objectsIn(ctx))
}

// objectsIn returns what finds objects in S3.
func objectsIn(ctx context.Context) input.Resolver {
	return func(uri string) ([]input.Input, error) {
		s, err := store.Open(ctx)
		if err != nil {
			return nil, err
		}
		return s.Find(ctx, uri)
	}
}

// outputsFolder is where the results lie that are on their way to S3.
const outputsFolder = ".flashmob/outputs"

// stage makes the run write to a folder here first, where its results are to go to S3.
func (flags *runFlags) stage() error {
	if !strings.HasPrefix(flags.output, input.S3) {
		return nil
	}
	if _, _, err := store.Split(flags.output); err != nil {
		return usagef("output %v", err)
	}
	flags.destination = flags.output
	name := strings.Trim(strings.TrimPrefix(flags.output, input.S3), "/")
	flags.output = filepath.Join(outputsFolder, strings.ReplaceAll(name, "/", "~"))
	return nil
}

// deliver brings finished results to where they are to go, the manifest last, and takes away what was here. It returns
// runErr unless that fails.
func (flags runFlags) deliver(ctx context.Context, show *display, runErr error) error {
	if runErr != nil && !errors.Is(runErr, errRejects) {
		return runErr
	}
	if flags.split > 0 { // a run that was there before may not be split yet
		if _, err := manifest.Split(flags.output, flags.split); err != nil {
			return err
		}
	}
	if flags.destination == "" {
		return runErr
	}
	m, err := manifest.Load(flags.output)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx)
	if err != nil {
		return err
	}
	names := m.ResultFiles()
	if m.Rejects != nil {
		names = append(names, m.Rejects.File)
	}
	for _, name := range append(names, manifest.ManifestFile) { // who finds the manifest finds all that belongs to it
		uri, err := store.Under(flags.destination, name)
		if err == nil {
			err = s.Put(ctx, filepath.Join(flags.output, name), uri)
		}
		if err != nil {
			return withHint(fmt.Errorf("deliver results: %w", err), "they are in %s; the same command tries again", flags.output)
		}
	}
	if err := manifest.Clear(flags.output); err != nil {
		return err
	}
	if err := show.result(map[string]any{"event": "delivered", "to": flags.destination}, func() {
		fmt.Fprintf(show.out, "delivered to %s\n", flags.destination)
	}); err != nil {
		return err
	}
	return runErr
}
