package orchestrator

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"flashmob/inventory"
)

// testHost is a host in a test: an SSH server in this process, whose logins run in a folder of their own. (The tests of
// the commands do the same with a real sshd.)
type testHost struct {
	t        *testing.T
	home     string
	listener net.Listener
	config   *ssh.ServerConfig
	key      ssh.PublicKey
	walled   atomic.Bool  // its sshd forwards no sockets
	refuse   atomic.Int32 // logins to refuse first, as while a host boots
	received atomic.Int64 // bytes that came in
	deaf     atomic.Bool  // what comes in is lost, and nobody is told

	mu    sync.Mutex
	wires []net.Conn
}

// newKey returns a key pair: the private one as a file, the public one.
func newKey(t *testing.T) (path string, signer ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "test")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return path, signer
}

// newHost starts a host that the operator's key may log in to.
func newHost(t *testing.T, operator ssh.PublicKey) *testHost {
	t.Helper()
	home, err := os.MkdirTemp("", "fm") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	_, signer := newKey(t)
	h := &testHost{t: t, home: home, key: signer.PublicKey()}
	h.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if h.refuse.Add(-1) >= 0 || string(key.Marshal()) != string(operator.Marshal()) {
			return nil, os.ErrPermission
		}
		return nil, nil
	}}
	h.config.AddHostKey(signer)
	if h.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			wire, err := h.listener.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.wires = append(h.wires, wire)
			h.mu.Unlock()
			serving.Go(func() { h.serve(counted{wire, h}) })
		}
	})
	t.Cleanup(func() {
		h.listener.Close()
		h.cut()
		serving.Wait()
		h.endProcesses()
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return h
}

type counted struct {
	net.Conn
	host *testHost
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for err == nil && c.host.deaf.Load() {
		n, err = c.Conn.Read(p)
	}
	c.host.received.Add(int64(n))
	return n, err
}

// host returns the host as an inventory has it.
func (h *testHost) host(role inventory.Role, name string) inventory.Host {
	addr := h.listener.Addr().(*net.TCPAddr)
	return inventory.Host{
		Name: name, Role: role, Addr: "127.0.0.1", Port: addr.Port, PrivateIP: "127.0.0.1", User: "test",
		HostKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(h.key))),
	}
}

// cut breaks all connections.
func (h *testHost) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, wire := range h.wires {
		wire.Close()
	}
	h.wires = nil
}

// pids returns the processes that were started on the host and recorded there.
func (h *testHost) pids() (pids []int) {
	files, err := filepath.Glob(filepath.Join(h.home, ".flashmob/runs/*/*.pid"))
	if err != nil {
		h.t.Error(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // its run was just taken away
		}
		pid := 0
		for _, digit := range strings.TrimSpace(string(text)) {
			pid = pid*10 + int(digit-'0')
		}
		pids = append(pids, pid)
	}
	return pids
}

// endProcesses kills what was started on the host.
func (h *testHost) endProcesses() {
	for _, pid := range h.pids() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // most have ended already
	}
}

// serve serves one connection.
func (h *testHost) serve(wire net.Conn) {
	defer wire.Close()
	_, channels, requests, err := ssh.NewServerConn(wire, h.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	var serving sync.WaitGroup
	defer serving.Wait()
	for channel := range channels {
		serving.Go(func() {
			switch channel.ChannelType() {
			case "session":
				h.session(channel)
			case "direct-streamlocal@openssh.com":
				h.forward(channel)
			default:
				channel.Reject(ssh.UnknownChannelType, "")
			}
		})
	}
}

// session runs the command of a session.
func (h *testHost) session(opened ssh.NewChannel) {
	channel, requests, err := opened.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for request := range requests {
		if request.Type != "exec" {
			request.Reply(false, nil)
			continue
		}
		var payload struct{ Command string }
		if err := ssh.Unmarshal(request.Payload, &payload); err != nil {
			h.t.Error(err)
			return
		}
		request.Reply(true, nil)
		command := exec.Command("sh", "-c", payload.Command)
		command.Dir, command.Env = h.home, append(os.Environ(), "HOME="+h.home)
		command.Stdout, command.Stderr = channel, channel.Stderr()
		stdin, err := command.StdinPipe()
		if err != nil {
			h.t.Error(err)
			return
		}
		go func() { // ends with the channel
			io.Copy(stdin, channel)
			stdin.Close()
		}()
		status := struct{ Status uint32 }{}
		if command.Run() != nil {
			status.Status = uint32(max(command.ProcessState.ExitCode(), 1))
		}
		channel.SendRequest("exit-status", false, ssh.Marshal(status))
		return
	}
}

// forward connects a channel to a socket of the host.
func (h *testHost) forward(opened ssh.NewChannel) {
	var extra struct {
		Path, Reserved string
		Port           uint32
	}
	if err := ssh.Unmarshal(opened.ExtraData(), &extra); err != nil {
		h.t.Error(err)
		return
	}
	if h.walled.Load() {
		opened.Reject(ssh.Prohibited, "open failed")
		return
	}
	socket, err := net.Dial("unix", extra.Path)
	if err != nil {
		opened.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer socket.Close()
	channel, requests, err := opened.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	go func() {
		io.Copy(socket, channel)
		socket.(*net.UnixConn).CloseWrite()
	}()
	io.Copy(channel, socket)
	channel.Close()
}
