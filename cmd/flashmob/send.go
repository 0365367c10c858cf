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
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// sendFlags are the flags of flashmob send.
type sendFlags struct {
	host      string
	messages  int64
	files     []string
	batchSize int
	interval  string
	repeat    bool
	binary    bool
	msgSize   int
	u64       bool
	startFrom int64
	quiet     bool
}

func newSendCommand() *cobra.Command {
	var flags sendFlags
	cmd := &cobra.Command{
		Use:   "send --host HOST:PORT --messages N [--file FILE]",
		Short: "Send messages to an input that listens, at a steady rate",
		Long: `Send connects to HOST:PORT and sends N messages: a batch, a pause, a batch, and so on.
Without a file they are the numbers 1, 2, 3 and so on, as text; with one they are its
lines. Each stands behind its length, 4 bytes, big-endian. With --binary a file is sent
as it is, in messages of --msg-size bytes, lengths included.

When the other side is slow, send waits. It ends when everything is sent.`,
		Example: `  flashmob send -h 127.0.0.1:7010 -m 52 -f votes.msg --binary --msg-size 9
  flashmob send -h 127.0.0.1:7010 -m 1000000 -f votes.msg -y -g 9 --repeat -s 50 -i 10_000_000
  flashmob send --host 127.0.0.1:7010 --messages 100 --interval 10ms`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return flags.run(ctx, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.Bool("help", false, "help for send") // -h is the host, as in the tool that this one stands in for
	f.StringVarP(&flags.host, "host", "h", "", "`HOST:PORT` to send to")
	f.Int64VarP(&flags.messages, "messages", "m", 0, "send `N` messages")
	f.StringSliceVarP(&flags.files, "file", "f", nil, "`FILES` to send, one after the other (default: numbers)")
	f.IntVarP(&flags.batchSize, "batch-size", "s", 500, "messages in a batch")
	f.StringVarP(&flags.interval, "interval", "i", "5_000_000", "from one batch to the next: nanoseconds, or a `TIME` such as 5ms")
	f.BoolVarP(&flags.repeat, "repeat", "r", false, "begin again at the end of the files")
	f.BoolVarP(&flags.binary, "binary", "y", false, "send files as they are, in messages of --msg-size bytes")
	f.IntVarP(&flags.msgSize, "msg-size", "g", 0, "bytes in a message, with --binary")
	f.BoolVarP(&flags.u64, "u64", "u", false, "numbers as 8 bytes, big-endian, instead of text")
	f.Int64VarP(&flags.startFrom, "start-from", "v", 0, "numbers begin behind `N`")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "say nothing")
	return cmd
}

// check returns the interval, or what is wrong with the flags.
func (flags sendFlags) check() (time.Duration, error) {
	switch {
	case flags.host == "":
		return 0, usagef("send: where to? --host HOST:PORT")
	case flags.messages < 1:
		return 0, usagef("send: how many? --messages N")
	case flags.batchSize < 1:
		return 0, usagef("batch-size %d: must be 1 or more", flags.batchSize)
	case flags.binary && flags.msgSize < 1:
		return 0, usagef("send: --binary needs --msg-size")
	case flags.binary && len(flags.files) == 0:
		return 0, usagef("send: --binary needs --file")
	case !flags.binary && flags.msgSize > 0:
		return 0, usagef("send: --msg-size needs --binary")
	case flags.repeat && len(flags.files) == 0:
		return 0, usagef("send: --repeat needs --file")
	case len(flags.files) > 0 && (flags.u64 || flags.startFrom > 0):
		return 0, usagef("send: --u64 and --start-from are for numbers, not for files")
	}
	if n, err := strconv.ParseInt(strings.ReplaceAll(flags.interval, "_", ""), 10, 64); err == nil && n >= 0 {
		return time.Duration(n), nil
	}
	d, err := time.ParseDuration(flags.interval)
	if err != nil || d < 0 {
		return 0, usagef("interval %q: must be nanoseconds, or a time such as 5ms", flags.interval)
	}
	return d, nil
}

func (flags sendFlags) run(ctx context.Context, out io.Writer) error {
	interval, err := flags.check()
	if err != nil {
		return err
	}
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", flags.host)
	if err != nil {
		return withHint(fmt.Errorf("connect to %s: %w", flags.host, err), "is something listening there? flashmob run --local --input tcp://%s does", flags.host)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Now()) })
	defer stop()
	if !flags.quiet {
		fmt.Fprintln(out, "Connected")
	}
	messages := flags.source()
	defer messages.close()
	w := bufio.NewWriterSize(c, 256<<10)
	begun := time.Now()
	var sent int64
	for due := begun; sent < flags.messages; due = due.Add(interval) {
		if wait := time.Until(due); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("send to %s: %w after %s messages", flags.host, errInterrupted, groups(sent))
		}
		more := true
		for range min(int64(flags.batchSize), flags.messages-sent) {
			if more, err = messages.next(w); err != nil || !more {
				break
			}
			sent++
		}
		if err = errors.Join(err, w.Flush()); err != nil {
			return fmt.Errorf("send to %s: %w", flags.host, err)
		}
		if !more {
			break
		}
	}
	if !flags.quiet {
		took := time.Since(begun)
		fmt.Fprintf(out, "%s messages in %s: %s/s\n", groups(sent), took.Round(time.Millisecond), groups(int64(float64(sent)/took.Seconds())))
	}
	return c.Close()
}

// messageSource makes messages, length included.
type messageSource struct {
	sendFlags
	number int64
	file   *os.File
	lines  *bufio.Reader
	at     int  // the file that comes next
	any    bool // a message came since the files were begun
	buf    []byte
}

func (flags sendFlags) source() *messageSource {
	return &messageSource{sendFlags: flags, number: flags.startFrom, buf: make([]byte, flags.msgSize)}
}

func (s *messageSource) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// next writes the next message to w; it returns false when there is none.
func (s *messageSource) next(w *bufio.Writer) (bool, error) {
	if len(s.files) == 0 {
		s.number++
		if s.u64 {
			return true, writeFrame(w, binary.BigEndian.AppendUint64(nil, uint64(s.number)))
		}
		return true, writeFrame(w, strconv.AppendInt(nil, s.number, 10))
	}
	for {
		if s.lines == nil {
			if more, err := s.open(); !more || err != nil {
				return false, err
			}
		}
		message, err := s.read()
		switch {
		case err == io.EOF:
			s.file.Close()
			s.file, s.lines = nil, nil
			continue
		case err != nil:
			return false, err
		}
		s.any = true
		if s.binary {
			_, err = w.Write(message)
			return true, err
		}
		return true, writeFrame(w, message)
	}
}

// open opens the next file; it returns false when there is none.
func (s *messageSource) open() (bool, error) {
	if s.at == len(s.files) {
		if !s.repeat || !s.any {
			return false, nil
		}
		s.at, s.any = 0, false
	}
	var err error
	if s.file, err = os.Open(s.files[s.at]); err != nil {
		return false, err
	}
	s.at++
	s.lines = bufio.NewReaderSize(s.file, 64<<10)
	return true, nil
}

// read reads the next message of the open file, and returns io.EOF behind the last.
func (s *messageSource) read() ([]byte, error) {
	if s.binary {
		n, err := io.ReadFull(s.lines, s.buf)
		if err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%s ends in a message of %d bytes, of %d", s.file.Name(), n, s.msgSize)
		}
		return s.buf, err
	}
	line, err := s.lines.ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return []byte(strings.TrimRight(string(line), "\r\n")), err
}

func writeFrame(w *bufio.Writer, payload []byte) error {
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(payload)))
	w.Write(head[:]) // bufio keeps the first error for Flush
	_, err := w.Write(payload)
	return err
}
