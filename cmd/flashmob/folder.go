package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"flashmob/manifest"
)

// errFolder says that the output folder is not free for the run.
var errFolder = errors.New("output folder is not free")

// prepareFolder sees to it that the output folder is fit for the run. It reports done when the folder holds the results
// of this very run already.
func (flags *runFlags) prepareFolder(identity manifest.Run, cmd *cobra.Command) (done bool, err error) {
	state, err := manifest.Look(flags.output)
	if err != nil {
		return false, err
	}
	if flags.force && state != manifest.Empty {
		if err := flags.spare(identity); err != nil {
			return false, err
		}
		if flags.replaces, err = manifest.IDIn(flags.output); err != nil {
			return false, err
		}
		return false, manifest.Clear(flags.output)
	}
	switch state {
	case manifest.Foreign:
		return false, withHint(fmt.Errorf("run in %s: %w: it holds files that are not flashmob's", flags.output, errFolder),
			"-o names another folder; --force writes among them and leaves them alone")
	case manifest.Begun:
		if flags.resume {
			return false, nil
		}
		return false, withHint(fmt.Errorf("run in %s: %w: it holds an unfinished run", flags.output, errFolder),
			"%s", unfinishedHint(flags.local))
	case manifest.Finished:
		m, err := manifest.Load(flags.output)
		if err != nil {
			return false, err
		}
		if difference := m.Run.Difference(identity); difference != "" {
			return false, withHint(fmt.Errorf("run in %s: %w: it holds another run, %s (%s)", flags.output, errFolder, m.ID, difference),
				"--force replaces it, -o names another folder")
		}
		show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
		return true, show.already(flags.output, m)
	}
	flags.resume = false // nothing is there: everything is still to be done
	return false, nil
}

// unfinishedHint is what to do about an unfinished run in the folder.
func unfinishedHint(local bool) string {
	hint := "--resume goes on with it, --force starts over, -o names another folder"
	if !local {
		hint = "--attach follows it while it goes on in the cluster; when it is gone, " + hint
	}
	return hint
}

// spare refuses to replace a run whose files are the input.
func (flags *runFlags) spare(identity manifest.Run) error {
	folder, err := filepath.Abs(flags.output)
	if err != nil {
		return err
	}
	for _, in := range identity.Inputs {
		if filepath.Dir(in.URI) == folder {
			return withHint(usagef("input %q: lies in the output folder, which --force clears", in.URI), "-o names another folder")
		}
	}
	return nil
}

// discard removes what a run has left that failed before it began: there is nothing in it to resume.
func discard(folder string, failure error) error {
	if errors.Is(failure, manifest.ErrInUse) || errors.Is(failure, fs.ErrExist) { // what is there is another run's
		return nil
	}
	if state, err := manifest.Look(folder); err != nil || state != manifest.Begun {
		return nil // the failure has told
	}
	if err := manifest.Clear(folder); err != nil {
		return err
	}
	_ = os.Remove(folder) // unless it holds something else
	return nil
}
