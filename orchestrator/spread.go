package orchestrator

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"flashmob/inventory"
	"flashmob/worker"
)

// mothers are the hosts that got a parcel from here, one a parcel, and hand it on to the others.
type mothers struct {
	mu     sync.Mutex
	byWhat map[string]*mother
	first  chan struct{} // closed when the initializer has claimed its own
	once   sync.Once
}

// headStart is how long the other hosts leave it to the initializer to be the first: nothing begins before it is up,
// so it gets the binary from here, without a detour, while nobody else draws on the links and cores.
const headStart = time.Second

// queue lets the initializer pass at once, and another host when it has, or has not within its head start.
func (m *mothers) queue(ctx context.Context, role inventory.Role) {
	if role == inventory.Initializer {
		return
	}
	wait := time.NewTimer(headStart)
	defer wait.Stop()
	select {
	case <-m.first:
	case <-wait.C:
	case <-ctx.Done():
	}
}

type mother struct {
	ready   chan struct{} // closed when it can be fetched from, or err says that it cannot
	err     error
	addr    string // inside the cluster
	token   string
	session *ssh.Session
}

// claim returns the mother of a parcel. The first to ask is to become it.
func (m *mothers) claim(what string, role inventory.Role) (of *mother, isMother bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if role == inventory.Initializer {
		m.once.Do(func() { close(m.first) })
	}
	if m.byWhat == nil {
		m.byWhat = map[string]*mother{}
	}
	of = m.byWhat[what]
	if of == nil {
		of = &mother{ready: make(chan struct{}), token: rand.Text()}
		m.byWhat[what] = of
		return of, true
	}
	return of, false
}

// serve begins to hand on the parcel from the host, which has it; the worker's program there does that. It goes on until
// close.
func (m *mother) serve(r *remote, p, program parcel) (err error) {
	defer func() {
		m.err = err
		close(m.ready)
	}()
	session, err := r.client.NewSession()
	if err != nil {
		return err
	}
	invitation, err := json.Marshal(worker.Invitation{Share: &worker.Share{
		Listen: net.JoinHostPort(r.host.Inside(), "0"), Token: m.token, Path: path.Join(r.home, p.path()),
	}})
	if err != nil {
		return err
	}
	stdin, err := session.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := session.StdoutPipe()
	if err != nil {
		return err
	}
	if err := session.Start(program.path()); err != nil {
		return err
	}
	if _, err := stdin.Write(append(invitation, '\n')); err != nil {
		return err
	}
	m.addr, err = bufio.NewReader(stdout).ReadString('\n')
	m.addr, m.session = strings.TrimSpace(m.addr), session
	return err
}

// fail says that the host did not even get the parcel.
func (m *mother) fail(err error) {
	m.err = err
	close(m.ready)
}

// fetch makes a host fetch the parcel from its mother.
func (m *mother) fetch(ctx context.Context, r *remote, p parcel) error {
	select {
	case <-m.ready:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if m.err != nil {
		return m.err
	}
	host, port, err := net.SplitHostPort(m.addr)
	if err != nil {
		return err
	}
	// The token comes on standard input: what stands on a command line can be read by everybody on the host.
	source := fmt.Sprintf(`{ read -r token; exec 3<>/dev/tcp/%s/%s; echo "$token" >&3; cat <&3; }`, host, port)
	_, err = r.run(ctx, "bash -c "+quote(p.receive(source)), bytes.NewReader([]byte(m.token+"\n")))
	return err
}

// close ends the handing on.
func (m *mothers) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, of := range m.byWhat {
		if of.session != nil {
			of.session.Close()
		}
	}
}
