package orchestrator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"flashmob/input"
	"flashmob/manifest"
	"flashmob/worker"
)

// prepare opens the result folder and the log.
func (o *Orchestrator) prepare(ctx context.Context) error {
	if err := o.openFolder(); err != nil {
		return err
	}
	config := worker.InitializerConfig{
		Folder: o.folder, Flow: o.Flow, BatchRows: o.BatchRows, Slots: o.Workers, Token: rand.Text(), Log: o.Log,
		Sink: o.Sink, External: o.External,
	}
	if o.Processes > 0 {
		config.Listen = o.Listen
	}
	in, err := worker.Open(ctx, config)
	if err != nil {
		return err
	}
	o.initializer.Store(in)
	return nil
}

// openFolder begins the run's folder, or finds the run that is to be resumed in it.
func (o *Orchestrator) openFolder() error {
	var err error
	if !o.Resume {
		o.Identity.ID = newRunID(time.Now())
		o.folder, err = manifest.Create(o.Output, o.Identity)
		return err
	}
	if o.folder, err = resumeFolder(o.Output, o.Identity); err != nil {
		return err
	}
	input.Grant(o.folder.Run.Inputs, input.Access(o.Identity.Inputs))
	flow, err := o.Flow(o.Identity.App, o.Identity.Settings)
	if err == nil && len(flow.Keyed()) > 0 {
		err = o.folder.Rewind()
	}
	return err
}

// resumeFolder opens the folder of a run that was begun, if it is the one that identity describes.
func resumeFolder(output string, identity manifest.Run) (*manifest.Folder, error) {
	begun, err := manifest.Peek(output)
	if err != nil {
		return nil, err
	}
	if difference := begun.Difference(identity); difference != "" {
		return nil, fmt.Errorf("resume %s: %w: %s", output, ErrOtherRun, difference)
	}
	return manifest.Resume(output)
}

// ErrOtherRun says that the unfinished run in a folder would not give the results that are asked for.
var ErrOtherRun = errors.New("it would give other results")

// newRunID returns an ID that sorts by time and is unlikely ever to be given twice.
func newRunID(now time.Time) string {
	return fmt.Sprintf("%s-%s", now.UTC().Format("20060102-150405"), strings.ToLower(rand.Text()[:4]))
}

// release closes what prepare opened.
func (o *Orchestrator) release() error {
	var errs []error
	if in := o.initializer.Load(); in != nil {
		errs = append(errs, in.Close())
	}
	if o.folder != nil {
		errs = append(errs, o.folder.Close())
	}
	return errors.Join(errs...)
}
