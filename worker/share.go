package worker

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Share is what a process is told that hands a file on to the other hosts of the cluster.
type Share struct {
	Listen string `json:"listen"` // host:port, port 0 for any
	Token  string `json:"token"`  // a line that whoever fetches the file sends first
	Path   string `json:"path"`   // of the file
}

// HandOn serves a file to all who know the token, until ctx ends. It writes the address that it listens on to announce, as
// a line. The file goes as it is: inside a cluster packing and unpacking it takes longer than the wire, and unpacked the
// kernel sends it from its own memory.
func HandOn(ctx context.Context, share Share, announce io.Writer) error {
	listener, err := net.Listen("tcp", share.Listen)
	if err != nil {
		return fmt.Errorf("share file: listen %s: %w", share.Listen, rootCause(err))
	}
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	if _, err := fmt.Fprintln(announce, listener.Addr()); err != nil {
		return fmt.Errorf("share file: %w", err)
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		c, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("share file: %w", err)
		}
		serving.Go(func() {
			defer c.Close()
			_ = handTo(c, share.Path, share.Token) // the other side checks the hash of what it got
		})
	}
}

var errToken = errors.New("wrong token")

// handTo serves one connection.
func handTo(c net.Conn, path, token string) error {
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return err
	}
	line, err := bufio.NewReader(io.LimitReader(c, 256)).ReadString('\n')
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(line)), []byte(token)) != 1 {
		return errToken
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(c, file)
	return err
}
