package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"flashmob/inventory"
)

// conn is the one connection to a host that everything goes over. Safe for concurrent use.
type conn struct {
	host   inventory.Host
	client *ssh.Client   // nil for a host that is this machine
	home   string        // of such a host
	shown  ssh.PublicKey // that the host has proved to be its own
}

// ErrHostKey says that a host is not the one that it should be, or not known at all. No retry changes that.
var ErrHostKey = errors.New("host key does not match")

// dial connects once.
func dial(ctx context.Context, host inventory.Host, config *ssh.ClientConfig) (*conn, error) {
	var dialer net.Dialer
	ctx, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	wire, err := dialer.DialContext(ctx, "tcp", host.HostPort())
	if err != nil {
		return nil, err
	}
	mortal(wire)
	wire = acknowledging(wire)
	stop := context.AfterFunc(ctx, func() { wire.Close() }) // a host that says nothing
	var shown ssh.PublicKey
	noting := *config
	noting.HostKeyCallback = func(name string, addr net.Addr, key ssh.PublicKey) error {
		shown = key
		return config.HostKeyCallback(name, addr, key)
	}
	connection, channels, requests, err := ssh.NewClientConn(wire, host.HostPort(), &noting)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		wire.Close()
		return nil, err
	}
	return &conn{host: host, client: ssh.NewClient(connection, channels, requests), shown: shown}, nil
}

// clientConfig returns how to log in to a host of the inventory, and how to know it.
func clientConfig(inv inventory.Inventory, host inventory.Host) (*ssh.ClientConfig, error) {
	check, algorithms, err := hostKeyCheck(inv, host)
	if err != nil {
		return nil, err
	}
	methods, err := authMethods(inv.KeyFile)
	if err != nil {
		return nil, err
	}
	user := host.User
	if user == "" {
		user = os.Getenv("USER")
	}
	if user == "" {
		user = "root"
	}
	return &ssh.ClientConfig{
		User: user, Auth: methods, HostKeyCallback: check, HostKeyAlgorithms: algorithms, Timeout: 10 * time.Second,
	}, nil
}

// hostKeyCheck returns the check of a host's key: against the key that the inventory pins (or either of two, while one
// takes the other's place), or else against the known_hosts file. There is no way to switch it off.
func hostKeyCheck(inv inventory.Inventory, host inventory.Host) (ssh.HostKeyCallback, []string, error) {
	if host.HostKey != "" {
		var types, prints []string
		for _, pin := range []string{host.HostKey, host.NextHostKey} {
			if pin == "" {
				continue
			}
			pinned, _, _, _, err := ssh.ParseAuthorizedKey([]byte(pin))
			if err != nil {
				return nil, nil, fmt.Errorf("host key of the inventory: %w", err)
			}
			types, prints = append(types, pinned.Type()), append(prints, ssh.FingerprintSHA256(pinned))
		}
		return func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if shown := ssh.FingerprintSHA256(key); !slices.Contains(prints, shown) {
				return fmt.Errorf("%w: it is %s, pinned is %s", ErrHostKey, shown, strings.Join(prints, " or "))
			}
			return nil
		}, slices.Compact(types), nil
	}
	path := inv.KnownHosts
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil, err
		}
		path = filepath.Join(home, ".ssh", "known_hosts")
	}
	known, err := knownhosts.New(path)
	if err != nil {
		return nil, nil, fmt.Errorf("known hosts: %w", err)
	}
	return func(name string, addr net.Addr, key ssh.PublicKey) error {
		err := known(name, addr, key)
		var mismatch *knownhosts.KeyError
		if !errors.As(err, &mismatch) {
			return err
		}
		if len(mismatch.Want) == 0 {
			return fmt.Errorf("%w: %s is not in %s; its key is %s", ErrHostKey, name, path, ssh.FingerprintSHA256(key))
		}
		return fmt.Errorf("%w: it is %s, %s line %d has %s", ErrHostKey, ssh.FingerprintSHA256(key), path,
			mismatch.Want[0].Line, ssh.FingerprintSHA256(mismatch.Want[0].Key))
	}, nil, nil
}

// authMethods returns the keys to log in with: the inventory's, or the agent's and the user's own.
func authMethods(keyFile string) ([]ssh.AuthMethod, error) {
	if keyFile != "" {
		signer, err := readKey(keyFile)
		if err != nil {
			return nil, err
		}
		return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
	}
	var methods []ssh.AuthMethod
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		if wire, err := net.Dial("unix", socket); err == nil {
			methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(wire).Signers))
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	var signers []ssh.Signer
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		if signer, err := readKey(filepath.Join(home, ".ssh", name)); err == nil {
			signers = append(signers, signer)
		}
	}
	if len(signers) > 0 {
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if len(methods) == 0 {
		return nil, errors.New("no SSH key: neither in an agent nor in ~/.ssh")
	}
	return methods, nil
}

func readKey(path string) (ssh.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("SSH key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("SSH key %s: %w", path, err)
	}
	return signer, nil
}

// run runs a command of the remote shell with the given standard input and returns its standard output.
func (c *conn) run(ctx context.Context, command string, stdin io.Reader) (string, error) {
	var out bytes.Buffer
	err := c.stream(ctx, command, stdin, &out)
	return out.String(), err
}

// stream is run for a standard output of any length.
func (c *conn) stream(ctx context.Context, command string, stdin io.Reader, stdout io.Writer) error {
	if c.client == nil {
		return c.shell(ctx, command, stdin, stdout)
	}
	session, err := c.session(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { session.Close() })
	defer stop()
	var stderr bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = stdin, stdout, &stderr
	err = session.Run(command)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *ssh.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("exit status %d: %s", exit.ExitStatus(), strings.TrimSpace(lastBytes(stderr.String(), 2000)))
	}
	return err
}

// session opens a session, or returns when ctx ends: a host that says nothing answers that as little as anything else.
func (c *conn) session(ctx context.Context) (*ssh.Session, error) {
	type opened struct {
		session *ssh.Session
		err     error
	}
	answer := make(chan opened)
	go func() { // ends with the connection at the latest
		session, err := c.client.NewSession()
		select {
		case answer <- opened{session, err}:
		case <-ctx.Done():
			if err == nil {
				session.Close()
			}
		}
	}()
	select {
	case a := <-answer:
		return a.session, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// dialSocket connects to a Unix socket on the host.
func (c *conn) dialSocket(path string) (net.Conn, error) {
	if c.client == nil {
		return net.Dial("unix", path)
	}
	return c.client.Dial("unix", path)
}

// dialAddress connects to an address as the host sees it.
func (c *conn) dialAddress(ctx context.Context, address string) (net.Conn, error) {
	if c.client == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	return c.client.DialContext(ctx, "tcp", address)
}

// close closes the connection.
func (c *conn) close() error {
	if c.client == nil {
		return nil
	}
	return c.client.Close()
}

func lastBytes(s string, n int) string { return s[max(len(s)-n, 0):] }

// quote writes s as one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
