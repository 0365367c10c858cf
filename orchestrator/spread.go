package orchestrator

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"flashmob/inventory"
	"flashmob/worker"
)

// mothers are the hosts that got the binary from here, one an architecture, and hand it on to the others.
type mothers struct {
	mu     sync.Mutex
	byArch map[string]*mother
	first  chan struct{} // closed when the initializer has claimed its own
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

// claim returns the mother of the architecture. The first to ask is to become it.
func (m *mothers) claim(arch string, role inventory.Role) (of *mother, isMother bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if role == inventory.Initializer {
		defer close(m.first) // there is one initializer, and it asks once
	}
	if m.byArch == nil {
		m.byArch = map[string]*mother{}
	}
	of = m.byArch[arch]
	if of == nil {
		of = &mother{ready: make(chan struct{}), token: rand.Text()}
		m.byArch[arch] = of
		return of, true
	}
	return of, false
}

// serve begins to hand on the binary from the host, which has it. It goes on until close.
func (m *mother) serve(r *remote, p parcel) (err error) {
	defer func() {
		m.err = err
		close(m.ready)
	}()
	session, err := r.client.NewSession()
	if err != nil {
		return err
	}
	invitation, err := json.Marshal(worker.Invitation{Share: &worker.Share{Listen: net.JoinHostPort(r.host.Inside(), "0"), Token: m.token}})
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
	if err := session.Start(p.path()); err != nil {
		return err
	}
	if _, err := stdin.Write(append(invitation, '\n')); err != nil {
		return err
	}
	m.addr, err = bufio.NewReader(stdout).ReadString('\n')
	m.addr, m.session = strings.TrimSpace(m.addr), session
	return err
}

// fail says that the host did not even get the binary.
func (m *mother) fail(err error) {
	m.err = err
	close(m.ready)
}

// fetch makes a host fetch the binary from its mother.
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
	for _, of := range m.byArch {
		if of.session != nil {
			of.session.Close()
		}
	}
}
