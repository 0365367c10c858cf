package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/bench"
)

// measure runs everything: all rates in turn, round after round.
func measure(ctx context.Context, config config) (*report, error) {
	r := &report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine(), Messages: config.messages, Processes: config.processes}
	for _, rate := range config.rates {
		r.Rates = append(r.Rates, atRate{Rate: rate})
	}
	for range config.runs {
		for i := range r.Rates {
			n := config.messages
			if rate := r.Rates[i].Rate; rate > 0 {
				n = min(n, rate*seconds)
			}
			votes, want := ballot(n)
			s, err := once(ctx, config, r.Rates[i].Rate, votes, want)
			if err != nil {
				return nil, err
			}
			r.Rates[i].Samples = append(r.Rates[i].Samples, s)
			fmt.Fprintf(os.Stderr, "%8d/s  %9.0f/s  p50 %v  p99 %v  p99.9 %v\n", r.Rates[i].Rate, s.PerSecond, s.P50, s.P99, s.P999)
		}
	}
	return r, nil
}

// seconds is how long votes are sent at a rate.
const seconds = 10

// frame is how long a vote is on the wire.
const frame = 9

// ballot returns n votes as frames, and the lines that must come of them.
func ballot(n int) (votes, lines []byte) {
	random := rand.New(rand.NewPCG(1, 2))
	var totals [26]uint64
	for range n {
		letter, count := random.IntN(len(totals)), random.Uint32N(100)
		votes = binary.BigEndian.AppendUint32(votes, frame-4)
		votes = binary.BigEndian.AppendUint32(append(votes, byte('a'+letter)), count)
		totals[letter] += uint64(count)
		lines = append(append(lines, byte('a'+letter)), " => "...)
		lines = append(strconv.AppendUint(lines, totals[letter], 10), '\n')
	}
	return votes, lines
}

// once measures one run.
func once(ctx context.Context, config config, rate int, votes, want []byte) (s sample, err error) {
	sink, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	defer sink.Close()
	source, external, err := freeAddresses()
	if err != nil {
		return s, err
	}
	flashmob := filepath.Join(config.dir, "flashmob")
	cmd := exec.CommandContext(ctx, flashmob, "run", "--local", "-q", "--app", "votes", "--force",
		"--processes", strconv.Itoa(config.processes), "--input", "tcp://"+source, "--sink", "tcp://"+sink.Addr().String(),
		"--external", external, "-o", filepath.Join(config.dir, "output"))
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return s, err
	}
	end := func(ctx context.Context) error {
		if out, err := exec.CommandContext(ctx, flashmob, "shutdown", external).CombinedOutput(); err != nil {
			return fmt.Errorf("flashmob shutdown: %w: %s", err, bytes.TrimSpace(out))
		}
		return nil
	}
	times, err := exchange(ctx, source, end, sink, rate, votes, want)
	if err != nil {
		_ = cmd.Process.Kill() // it may have ended, which is why
	}
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return s, fmt.Errorf("flashmob run: %w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	s = times.sample()
	s.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return s, nil
}

// freeAddresses returns two addresses of this machine that nobody listens at; behind the second there is room for a few
// more.
func freeAddresses() (one, other string, err error) {
	a, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	b, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.Close()
		return "", "", err
	}
	defer a.Close()
	defer b.Close()
	return a.Addr().String(), b.Addr().String(), nil
}

// exchange sends the votes, takes in the lines, and ends the run.
func exchange(ctx context.Context, source string, end func(context.Context) error, sink net.Listener, rate int, votes, want []byte) (*times, error) {
	in, err := reach(ctx, source)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	t := newTimes(len(votes) / frame)
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { in.Close(); sink.Close() })
	defer stop()
	group.Go(func() error { return send(ctx, in, rate, votes, t) })
	group.Go(func() error {
		out, err := sink.Accept()
		if err != nil {
			return err
		}
		defer out.Close()
		stop := context.AfterFunc(ctx, func() { out.Close() })
		defer stop()
		if err := receive(out, want, t); err != nil {
			return err
		}
		if err := end(ctx); err != nil {
			return err
		}
		more, err := io.Copy(io.Discard, out)
		if err == nil && more > 0 {
			err = fmt.Errorf("%d bytes behind the last line", more)
		}
		return err
	})
	err = group.Wait()
	return t, err
}

// reach connects to an address as soon as somebody listens there.
func reach(ctx context.Context, address string) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil || ctx.Err() != nil {
			return c, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// burst is how many votes are sent at once where they are to be sent as fast as they are taken.
const burst = 1000

// beat is how often votes are sent at a rate.
const beat = time.Millisecond

// send sends votes, so many a second, and notes when each was due.
func send(ctx context.Context, c net.Conn, rate int, votes []byte, t *times) error {
	all := len(votes) / frame
	for sent := 0; sent < all; {
		n := min(burst, all-sent)
		due := t.now()
		if rate > 0 {
			due = (due/beat + 1) * beat // so far, with those of this beat, there are to be:
			n = min(int(due.Seconds()*float64(rate)), all) - sent
			select {
			case <-time.After(due - t.now()):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		for i := sent; i < sent+n; i++ {
			t.due[i] = due
			if rate > 0 {
				t.due[i] = time.Duration(float64(i) / float64(rate) * float64(time.Second))
			}
		}
		if _, err := c.Write(votes[sent*frame : (sent+n)*frame]); err != nil {
			return err
		}
		sent += n
	}
	return nil
}

// receive takes in lines, which must be those that are wanted, and notes when each came.
func receive(c net.Conn, want []byte, t *times) error {
	block := make([]byte, 256<<10)
	for line := 0; len(want) > 0; {
		n, err := c.Read(block)
		now := t.now()
		if n > len(want) || !bytes.Equal(block[:n], want[:n]) {
			return fmt.Errorf("line %d or one soon behind it is wrong: %.200q, want %.200q", line+1, block[:n], want[:min(n, len(want))])
		}
		want = want[n:]
		for range bytes.Count(block[:n], []byte{'\n'}) {
			t.came[line] = now
			line++
		}
		if err != nil && len(want) > 0 {
			return fmt.Errorf("after %d lines: %w", line, err)
		}
	}
	return nil
}
