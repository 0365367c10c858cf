package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/manifest"
)

// Serve does what an invitation says until the run is over or ctx ends. What the invitation leaves open is config's.
func Serve(ctx context.Context, invitation Invitation, config Config) error {
	config.Name, config.Slots = invitation.Name, invitation.Slots
	config.URL, config.Token, config.CA = invitation.URL, invitation.Token, invitation.CA
	if err := config.check(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	beating, stop := context.WithCancel(ctx)
	group.Go(func() error { return stayAwake(beating) })
	group.Go(func() error {
		defer stop()
		if invitation.Appointment != nil {
			return initialize(ctx, *invitation.Appointment, config)
		}
		return Run(ctx, config)
	})
	return group.Wait()
}

// initialize runs the run's initializer, and slots beside it.
func initialize(ctx context.Context, a Appointment, config Config) (err error) {
	if a.Run.Version != config.Version {
		return fmt.Errorf("initialize run %s: %w: the operator's is %s, this is %s", a.Run.ID, ErrVersion, a.Run.Version, config.Version)
	}
	identity, err := a.Identity.TLS()
	if err != nil {
		return err
	}
	folder, err := manifest.CreateRest(a.Folder, a.Run, a.Done)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	control := NewControl()
	in, err := Open(ctx, InitializerConfig{
		Folder: folder, Flow: config.Flow, Listen: a.Listen, Token: config.Token, TLS: identity, Uplink: control.Uplink,
		BatchRows: a.BatchRows, Slots: config.Slots, Log: config.Log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	socket, err := net.Listen("unix", a.Socket)
	if err != nil {
		return fmt.Errorf("listen %s: %w", a.Socket, rootCause(err))
	}
	server := &http.Server{Handler: control.Serve(in), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()

	ended := in.runBeside(ctx, config)
	// The log goes first: it writes to the folder's work, which Finish takes away.
	if ended = errors.Join(ended, in.Close()); ended == nil && folder.Elsewhere == 0 {
		_, ended = folder.Finish(nil)
	}
	control.End(ctx, ended, a.Patience)
	err = errors.Join(server.Close(), ended)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// runBeside runs the initializer and a worker of its process.
func (in *Initializer) runBeside(ctx context.Context, config Config) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return in.Run(ctx) })
	group.Go(func() error { return in.Work(ctx, config) })
	return group.Wait()
}

// heartbeat is the file that keeps a host that was made for the run awake: one that nobody touches for long powers
// itself off. Where it is missing, nobody minds.
const heartbeat = "/run/flashmob/heartbeat"

const heartbeatEvery = 20 * time.Second

// stayAwake touches the heartbeat until ctx ends.
func stayAwake(ctx context.Context) error {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Dir(heartbeat)); err == nil {
			now := time.Now()
			_ = os.Chtimes(heartbeat, now, now) // the host's own rule: it is not this program's to complain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
