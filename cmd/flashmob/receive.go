package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
)

// receiveFlags are the flags of flashmob receive.
type receiveFlags struct {
	listen  string
	framed  bool
	noWrite bool
	lines   int64
}

func newReceiveCommand() *cobra.Command {
	var flags receiveFlags
	cmd := &cobra.Command{
		Use:   "receive --listen HOST:PORT",
		Short: "Take in what a run sends to its sink, and write it to standard output",
		Long: `Receive listens at HOST:PORT, takes any number of connections, and writes what they
send to standard output, until Ctrl-C or until --messages N lines (or frames) have come.
With --framed it takes messages that stand behind their length, 4 bytes, big-endian,
and writes each as a line.`,
		Example: `  flashmob receive --listen 127.0.0.1:7002
  flashmob receive -l 127.0.0.1:7002 --messages 52
  flashmob receive -l 127.0.0.1:7010 --framed --no-write`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return flags.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.listen, "listen", "l", "", "`HOST:PORT` to listen at")
	f.BoolVarP(&flags.framed, "framed", "f", false, "take messages behind their length, write lines")
	f.BoolVarP(&flags.noWrite, "no-write", "n", false, "only count")
	f.Int64VarP(&flags.lines, "messages", "m", 0, "end after `N` lines or messages (default: at Ctrl-C)")
	return cmd
}

// receiver writes what comes, from one connection at a time what is whole.
type receiver struct {
	receiveFlags
	mu     sync.Mutex
	out    *bufio.Writer
	count  atomic.Int64
	enough context.CancelFunc
}

func (flags receiveFlags) run(ctx context.Context, out, messages io.Writer) error {
	if flags.listen == "" {
		return usagef("receive: where? --listen HOST:PORT")
	}
	listener, err := net.Listen("tcp", flags.listen)
	if err != nil {
		return err
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	r := &receiver{receiveFlags: flags, out: bufio.NewWriterSize(out, 256<<10), enough: enough}
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	var serving sync.WaitGroup
	for {
		c, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			return fmt.Errorf("accept at %s: %w", flags.listen, err)
		}
		serving.Go(func() {
			defer c.Close()
			stop := context.AfterFunc(ctx, func() { c.Close() })
			defer stop()
			if err := r.take(c); err != nil && ctx.Err() == nil {
				fmt.Fprintf(messages, "connection from %s: %v\n", c.RemoteAddr(), err)
			}
		})
	}
	serving.Wait()
	fmt.Fprintf(messages, "%s received\n", groups(r.count.Load()))
	return r.out.Flush()
}

// take takes in one connection.
func (r *receiver) take(c net.Conn) error {
	in := bufio.NewReaderSize(c, 64<<10)
	for {
		line, err := r.next(in)
		if len(line) > 0 || err == nil {
			if err := r.write(line, in.Buffered() == 0); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// next returns the next line, line end included.
func (r *receiver) next(in *bufio.Reader) ([]byte, error) {
	if !r.framed {
		return in.ReadBytes('\n')
	}
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > 64<<20 {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	line := make([]byte, n+1)
	_, err := io.ReadFull(in, line[:n])
	line[n] = '\n'
	return line, err
}

// write writes a line, and flushes when nothing more is there yet.
func (r *receiver) write(line []byte, flush bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.count.Add(1)
	if r.lines > 0 && n > r.lines {
		r.count.Add(-1)
		return nil
	}
	if !r.noWrite {
		if _, err := r.out.Write(line); err != nil {
			return err
		}
	}
	if n == r.lines {
		defer r.enough()
	}
	if flush || n == r.lines {
		return r.out.Flush()
	}
	return nil
}
