package worker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// maxPayload is the largest message: a segment of a body, and room for a head.
const maxPayload = segment + 64<<10

// startServer starts the log in this process. An empty listen address keeps it to this process; else it is host:port,
// port 0 for any, and whoever connects must know the token and, if there is an identity, speak TLS. With sync, the disk has
// a message before the log acks it. A change may make it one of several.
func startServer(dir, listen, token string, identity *tls.Config, sync bool, changes ...func(*server.Options)) (*server.Server, error) {
	options := &server.Options{
		ServerName: "flashmob", DontListen: listen == "", JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
		MaxPayload: maxPayload, Authorization: token, TLSConfig: identity, TLSTimeout: 10, SyncAlways: sync,
	}
	for _, change := range changes {
		change(options)
	}
	if listen != "" {
		host, port, err := net.SplitHostPort(listen)
		if err != nil {
			return nil, fmt.Errorf("listen %q: %w", listen, err)
		}
		options.Host = host
		if options.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("listen %q: %w", listen, err)
		}
		if err := free(listen); err != nil {
			return nil, err
		}
		if options.Port == 0 {
			options.Port = server.RANDOM_PORT
		}
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("start log: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("start log: not ready after 10 s")
	}
	return s, nil
}

// portWait is how long an address may stay taken: by a process that was killed, and is not gone yet.
const portWait = 2 * time.Second

// free returns an error if the address stays taken: the server itself would only log that and hang.
func free(listen string) error {
	for begun := time.Now(); ; time.Sleep(portWait / 40) { // nothing tells when a port gets free
		l, err := net.Listen("tcp", listen)
		if err == nil {
			return l.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(begun) > portWait {
			return fmt.Errorf("listen %s: %w", listen, rootCause(err))
		}
	}
}

// rootCause returns the error at the end of the chain, without the addresses that the net package puts before it.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// dialInProcess connects to a server in this process.
func dialInProcess(s *server.Server, token, name string, log *slog.Logger) (*nats.Conn, error) {
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.Token(token), nats.Name(name), quietly(log))
	if err != nil {
		return nil, fmt.Errorf("connect to log: %w", err)
	}
	return nc, nil
}
