package main

import (
	"errors"

	"flashmob/infra"
)

// enterRun says that this process runs something on the cluster, so that another operator's down does not end it unseen.
// It is refused while the cluster is being made or ended: its hosts are not there yet, or not for long. The returned
// function takes the word back. A second run here, or one that follows the first, has no word of its own: whether it may
// is for the run's initializer to say.
func enterRun(files infra.Files, haveHosts bool) (leave func() error, err error) {
	holder, err := infra.Held(files.Lock())
	if err != nil {
		return nil, err
	}
	if holder != nil && (!haveHosts || holder.Operation == "down") {
		return nil, infraError{&infra.LockedError{Path: files.Lock(), Holder: *holder}}
	}
	if !haveHosts {
		return func() error { return nil }, nil
	}
	lock, err := infra.Acquire(files.RunLock(), infra.Me("run"))
	var locked *infra.LockedError
	if errors.As(err, &locked) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	return func() error { return lock.Release(true) }, nil
}

// mayEnd returns an error when another operator's run goes on in the cluster. One that is gone has none, though its
// operator may yet have to find that out.
func mayEnd(files infra.Files) error {
	if record, err := infra.ReadRecord(files.Record()); err == nil && record.State == infra.Gone {
		return nil
	}
	holder, err := infra.Held(files.RunLock())
	if err != nil || holder == nil {
		return err
	}
	return withHint(infraError{&infra.LockedError{Path: files.RunLock(), Holder: *holder}},
		"Ctrl-C there ends the run and keeps what is done; --evict ends the cluster under it")
}
