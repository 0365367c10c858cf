package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/input"
	"flashmob/manifest"
)

// Serve does what an invitation says until the run is over or ctx ends. What the invitation leaves open is config's.
func Serve(ctx context.Context, invitation Invitation, config Config) error {
	config = invitation.Join(config)
	if err := config.check(); err != nil {
		return err
	}
	if a := invitation.Appointment; a != nil && len(a.Replicas) > 0 {
		if err := a.check(config); err != nil {
			return err
		}
		return awake(ctx, func() bool { return true }, func(ctx context.Context) error { return replicate(ctx, *a, config) })
	}
	if invitation.Appointment != nil {
		return awake(ctx, func() bool { return true }, func(ctx context.Context) error {
			return initialize(ctx, *invitation.Appointment, config)
		})
	}
	nc, err := connect(config)
	if err != nil {
		return err
	}
	defer nc.Close()
	// Without its initializer the run is none that would keep a host awake.
	return awake(ctx, nc.IsConnected, func(ctx context.Context) error { return run(ctx, config, nc, nil) })
}

// awake keeps the host awake while do goes on and the run is heard of.
func awake(ctx context.Context, heard func() bool, do func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	beating, stop := context.WithCancel(ctx)
	group.Go(func() error { return stayAwake(beating, heard) })
	group.Go(func() error {
		defer stop()
		return do(ctx)
	})
	return group.Wait()
}

// check returns an error if this program cannot do what the appointment says, and makes its inputs accessible.
func (a Appointment) check(config Config) error {
	if a.Run.Version != config.Version {
		return fmt.Errorf("initialize run %s: %w: the operator's is %s, this is %s", a.Run.ID, ErrVersion, a.Run.Version, config.Version)
	}
	input.Grant(a.Run.Inputs, config.Access)
	return nil
}

// initialize runs the run's initializer, and slots beside it.
func initialize(ctx context.Context, a Appointment, config Config) (err error) {
	if err := a.check(config); err != nil {
		return err
	}
	identity, err := a.Identity.TLS()
	if err != nil {
		return err
	}
	control := NewControl()
	folder, finished, err := takeUp(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	if finished {
		over := finishedAs(InitializerConfig{Folder: folder, By: a.By, Restarts: config.Restarts, Crashed: config.Crashed, Log: config.Log})
		return control.listen(ctx, a, over, func() error { return nil })
	}
	folder.Sync = a.Sync
	uplink := Uplink(control.Uplink)
	var ahead *spool
	if a.Spool {
		if ahead, err = newSpool(filepath.Join(folder.Work(), "input"), a.Run.Inputs); err != nil {
			return err
		}
		uplink, control.fed = ahead.open, ahead.full
	}
	in, err := Open(ctx, InitializerConfig{
		Folder: folder, Flow: config.Flow, Listen: a.Listen, Token: config.Token, TLS: identity, Uplink: uplink,
		BatchRows: a.BatchRows, Slots: config.Slots, Hosts: a.Hosts, By: a.By, AckWait: a.AckWait, SnapshotEvery: a.SnapshotEvery,
		Restarts: config.Restarts, Crashed: config.Crashed, Log: config.Log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return control.listen(ctx, a, in, func() error {
		ended := in.runBeside(ctx, config, func(ctx context.Context) error {
			if ahead == nil {
				return nil
			}
			return ahead.run(ctx, control.Uplink, in)
		})
		// What the log holds stays until an operator has taken note: a process that crashes before finds the run at its end.
		if in.halt(); ended == nil && folder.Elsewhere == 0 {
			reach("halted")
			_, ended = folder.Finish(nil)
			reach("finished")
		}
		return ended
	})
}

// finishedAs returns an Initializer that only tells of a run that is finished.
func finishedAs(config InitializerConfig) *Initializer {
	in := newInitializer(config)
	in.status = newStatus(config.Folder)
	in.status.Fed, in.status.By, in.status.Restarts, in.status.Crashed = true, in.By, in.Restarts, in.Crashed
	return in
}

// takeUp returns the folder that the appointment is about: a new one; or, where one that had the appointment before has
// crashed, the one that it has left, and whether that is finished.
func takeUp(a Appointment) (folder *manifest.Folder, finished bool, err error) {
	state, err := manifest.Look(a.Folder)
	if err != nil {
		return nil, false, err
	}
	switch state {
	case manifest.Finished:
		folder, err = manifest.Reopen(a.Folder)
		return folder, true, err
	case manifest.Begun:
		if folder, err = manifest.ResumeRest(a.Folder, a.Run, a.Done); err != nil {
			return nil, false, err
		}
		// Without the log it would hand out other batches than those that the workers still have; but before the first part
		// there may have been no time to make one.
		if _, err := os.Stat(filepath.Join(folder.Work(), logFolder)); err != nil && len(folder.Parts) > folder.Elsewhere {
			return nil, false, errors.Join(fmt.Errorf("take up run %s: its log: %w", a.Run.ID, rootCause(err)), folder.Close())
		}
	default:
		folder, err = manifest.CreateRest(a.Folder, a.Run, a.Done)
	}
	return folder, false, err
}

// listen answers operators on the appointment's socket while run runs, and then for as long as they may still ask. Where another
// host goes on with the run, they are let go of.
func (c *Control) listen(ctx context.Context, a Appointment, in *Initializer, run func() error) error {
	socket, err := listenSocket(a.Socket)
	if err != nil {
		return err
	}
	return serveWhile(socket, c.Serve(in), func() error {
		ended := run()
		if !errors.Is(ended, errDeposed) {
			c.End(ctx, ended, a.Patience)
		}
		return ended
	})
}

// listenSocket listens on a socket, in place of a process that crashed.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listen %s: %w", path, rootCause(err))
	}
	socket, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", path, rootCause(err))
	}
	return socket, nil
}

// serveWhile answers requests while do goes on, and returns what that does.
func serveWhile(socket net.Listener, handler http.Handler, do func() error) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	err := do()
	err = errors.Join(server.Close(), err)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// runBeside runs the initializer, a worker of its process, and what helps it for as long as it runs.
func (in *Initializer) runBeside(ctx context.Context, config Config, help func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	helping, enough := context.WithCancel(ctx)
	group.Go(func() error { return help(helping) })
	group.Go(func() error {
		defer enough()
		return in.Run(ctx)
	})
	group.Go(func() error { return in.Work(ctx, config) })
	return group.Wait()
}
