package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"flashmob/internal/sandbox/cloud"
	"flashmob/internal/sandbox/host"
	"flashmob/internal/sandbox/network"
)

// The files of a sandbox's folder, beside the account's state.json.
const (
	serverFile = "server.json" // what Start finds the server by
	lockFile   = "lock"        // held by the server
	logFile    = "server.log"
	hostsDir   = "hosts"
	binDir     = "bin" // the provider, for PATH
)

// emptyFor is how long a server whose account is empty waits for another call before it ends.
const emptyFor = 15 * time.Minute

// record is what server.json says.
type record struct {
	PID     int
	Address string // of the API
	Key     string // access key ID: whoever knows it may use the API
	Region  string
	Network int
}

func readRecord(dir string) (record, error) {
	var r record
	b, err := os.ReadFile(filepath.Join(dir, serverFile))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	return r, err
}

func (r record) write(dir string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, ".server.json.new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, serverFile))
}

// order is what Start tells the server that it begins.
type serverOrder struct {
	Dir     string
	Region  string
	Program string
	Key     string
	Bound   bool // standard input is the lifeline
}

// server is the process that serves one folder. SIGTERM ends it and leaves the hosts; SIGINT ends them too.
type server struct {
	serverOrder
	fleet  *fleet
	cloud  *cloud.Cloud
	record record
	last   atomic.Int64 // when the last call came
	log    *slog.Logger
}

func serve(args []string) error {
	if len(args) != 1 {
		return errors.New("the sandbox's server is started by sandbox.Start only")
	}
	s := &server{log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if err := json.Unmarshal([]byte(args[0]), &s.serverOrder); err != nil {
		return fmt.Errorf("read order: %w", err)
	}
	unix.CloseOnExec(statusFD)
	status := os.NewFile(statusFD, "status")
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	listener, err := s.open()
	if err != nil {
		fmt.Fprint(status, err)
		return err
	}
	s.last.Store(time.Now().UnixNano())
	web := &http.Server{Handler: s.count(s.cloud.Handler()), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	fmt.Fprint(status, "up")
	status.Close()

	end := s.wait(stop)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if web.Shutdown(ctx) != nil {
		web.Close()
	}
	<-served
	s.cloud.Close()
	if end {
		s.end()
	}
	return nil
}

// statusFD is the server's side of the pipe on which Start waits for it.
const statusFD = 3

// open takes the folder, makes or finds the network, loads the account and listens.
func (s *server) open() (net.Listener, error) {
	lock, err := os.OpenFile(filepath.Join(s.Dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s: another server holds it: %w", s.Dir, err)
	} // the lock is held, and the file open, for as long as the process lives
	before, _ := readRecord(s.Dir) // a first start has none
	wires, err := s.network(before)
	if err != nil {
		return nil, err
	}
	s.fleet = &fleet{dir: filepath.Join(s.Dir, hostsDir), program: s.Program, wires: wires, log: s.log,
		hosts: map[string]*host.Process{}, rates: map[string]int{}}
	if s.Bound {
		s.fleet.lifeline = os.Stdin
	}
	s.cloud, err = cloud.Open(cloud.Config{Dir: s.Dir, Region: s.Region, Public: wires.Public(), Machines: s.fleet,
		Key: s.Key, Log: s.log})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", before.Address)
	if before.Address == "" || err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	s.record = record{os.Getpid(), listener.Addr().String(), s.Key, s.Region, wires.Index()}
	return listener, s.record.write(s.Dir)
}

// network finds the switch that a living host still holds, or makes one.
func (s *server) network(before record) (*network.Switch, error) {
	folders, err := filepath.Glob(filepath.Join(s.Dir, hostsDir, "*"))
	if err != nil {
		return nil, err
	}
	for _, dir := range folders {
		p, err := host.Adopt(dir)
		if err != nil {
			continue
		}
		ns, err := p.Switch()
		p.Close()
		if err == nil {
			return network.Adopt(before.Network, ns), nil
		}
	}
	want := -1
	if before.Address != "" {
		want = before.Network
	}
	return network.New(want)
}

// wait returns when the server is to end, and whether everything is to end with it.
func (s *server) wait(stop <-chan os.Signal) (everything bool) {
	orphaned := make(chan struct{})
	if s.Bound {
		go func() {
			_, _ = os.Stdin.Read(make([]byte, 1))
			close(orphaned)
		}()
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case sig := <-stop:
			return sig == syscall.SIGINT
		case <-orphaned:
			return true
		case now := <-look.C:
			if r, err := readRecord(s.Dir); err != nil || r.PID != os.Getpid() {
				return true // the folder is gone
			}
			if !s.Bound && s.cloud.Objects() == 0 && now.Sub(time.Unix(0, s.last.Load())) > emptyFor {
				return true
			}
		}
	}
}

// end ends all hosts and the network.
func (s *server) end() {
	s.fleet.killAll()
	if err := s.fleet.wires.Remove(); err != nil {
		s.log.Warn("remove network", "err", err)
	}
	_ = os.RemoveAll(filepath.Join(s.Dir, hostsDir))
}

func (s *server) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.last.Store(time.Now().UnixNano())
		next.ServeHTTP(w, r)
	})
}
