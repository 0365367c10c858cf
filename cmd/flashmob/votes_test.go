package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// freeAddress returns an address of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// freeAddresses returns addresses of this machine with consecutive ports that nobody listens at, below those that the
// system gives out.
func freeAddresses(t *testing.T, n int) (free []string) {
	t.Helper()
	for range 100 {
		free = free[:0]
		for port := 10_000 + rand.IntN(20_000); len(free) < n; port++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				break
			}
			defer l.Close()
			free = append(free, l.Addr().String())
		}
		if len(free) == n {
			return free
		}
	}
	t.Fatalf("no %d consecutive ports are free", n)
	return nil
}

// ran is a command that runs in this process.
type ran struct {
	code           int
	stdout, stderr bytes.Buffer
	ended          chan struct{}
}

func begin(t *testing.T, args ...string) *ran {
	r := &ran{ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.code = execute(t.Context(), args, strings.NewReader(""), &r.stdout, &r.stderr)
	}()
	return r
}

func (r *ran) wait(t *testing.T, want int) {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(time.Minute):
		t.Fatal("the command does not end")
	}
	if r.code != want {
		t.Fatalf("exit code %d, want %d\n%s%s", r.code, want, &r.stdout, &r.stderr)
	}
}

// reach dials until somebody listens.
func reach(t *testing.T, address string) net.Conn {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return c
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// hasGrown waits until a file has so many bytes.
func hasGrown(t *testing.T, path string, size int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		info, err := os.Stat(path)
		if err == nil && info.Size() >= size {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has not %d bytes: %v, %v", path, size, info, err)
		}
	}
}

// Votes come in over TCP, totals go out over TCP, and the run ends when any member is told to.
func TestVotesLive(t *testing.T) {
	dir := t.TempDir()
	free := freeAddresses(t, 5) // the run's and its two workers' come one after the other
	in, out := free[3], free[4]
	ballot := filepath.Join(dir, "votes.msg")
	if err := os.WriteFile(ballot, alphabet(), 0o600); err != nil {
		t.Fatal(err)
	}
	receive := begin(t, "receive", "-l", out, "-m", fmt.Sprint(52+5200))
	run := begin(t, "run", "--local", "--app", "votes", "--processes", "2", "--input", "tcp://"+in, "--sink", "tcp://"+out,
		"--external", free[0], "--compress", "none", "-o", filepath.Join(dir, "output"))

	// One that drops off in the middle of a frame, in pieces.
	c := reach(t, in)
	for _, b := range binary.BigEndian.AppendUint32(nil, 5) {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Write([]byte("a\x00")); err != nil {
		t.Fatal(err)
	}
	c.Close()

	begin(t, "send", "-h", in, "-m", "52", "-f", ballot, "-y", "-g", "9", "-i", "1ms", "-s", "7").wait(t, exitDone)
	// The order of two connections is nobody's promise: the second begins when the first is counted.
	hasGrown(t, filepath.Join(dir, "output", "results.txt.partial"), 364)
	begin(t, "send", "-h", in, "-m", "5200", "-f", ballot, "--binary", "--msg-size", "9", "--repeat", "-i", "0").wait(t, exitDone)
	receive.wait(t, exitDone)
	begin(t, "shutdown", free[2]).wait(t, exitDone)
	run.wait(t, exitDone)
	if !strings.Contains(run.stderr.String(), "ended in the middle of a frame") {
		t.Errorf("nothing is said of the frame that was lost:\n%s", &run.stderr)
	}
	begin(t, "shutdown", free[2]).wait(t, exitFailed)
	begin(t, "verify", filepath.Join(dir, "output")).wait(t, exitDone)

	results, err := os.ReadFile(filepath.Join(dir, "output", "results.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	total := map[byte]int{}
	votes := alphabet()
	for range 1 + 100 {
		for at := 0; at < len(votes); at += 9 {
			letter := votes[at+4]
			total[letter] += int(binary.BigEndian.Uint32(votes[at+5:]))
			fmt.Fprintf(&want, "%c => %d\n", letter, total[letter])
		}
	}
	if !bytes.Equal(results, want.Bytes()) {
		t.Errorf("%d bytes of results, want %d: first difference at %d", len(results), want.Len(), differ(results, want.Bytes()))
	}
	if got := receive.stdout.Bytes(); !bytes.Equal(got, results) {
		t.Errorf("the sink got %d bytes, the folder has %d: first difference at %d", len(got), len(results), differ(got, results))
	}
}

// What send puts on the wire is what its flags say.
func TestSendSends(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for path, text := range map[string]string{one: "ab\ncd\r\n", two: "ef"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"numbers":    {[]string{"-m", "3"}, "\x00\x00\x00\x011\x00\x00\x00\x012\x00\x00\x00\x013"},
		"from":       {[]string{"-m", "1", "--start-from", "41"}, "\x00\x00\x00\x0242"},
		"u64":        {[]string{"-m", "1", "--u64"}, "\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01"},
		"files":      {[]string{"-m", "9", "-f", one + "," + two}, "\x00\x00\x00\x02ab\x00\x00\x00\x02cd\x00\x00\x00\x02ef"},
		"repeat":     {[]string{"-m", "3", "-f", two, "-r", "-i", "1_000"}, "\x00\x00\x00\x02ef\x00\x00\x00\x02ef\x00\x00\x00\x02ef"},
		"as it is":   {[]string{"-m", "2", "-f", one, "-y", "-g", "3"}, "ab\ncd\r"},
		"no more":    {[]string{"-m", "5", "-f", two}, "\x00\x00\x00\x02ef"},
		"in batches": {[]string{"-m", "2", "-s", "1", "-i", "2ms"}, "\x00\x00\x00\x011\x00\x00\x00\x012"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			send := begin(t, append([]string{"send", "--host", l.Addr().String()}, test.args...)...)
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err != nil || string(got) != test.want {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
			send.wait(t, exitDone)
		})
	}
	for name, args := range map[string][]string{
		"no host":           {"-m", "1"},
		"no messages":       {"-h", "127.0.0.1:1"},
		"binary, no size":   {"-h", "127.0.0.1:1", "-m", "1", "-f", one, "-y"},
		"size, not binary":  {"-h", "127.0.0.1:1", "-m", "1", "-f", one, "-g", "9"},
		"repeat, no file":   {"-h", "127.0.0.1:1", "-m", "1", "-r"},
		"no interval":       {"-h", "127.0.0.1:1", "-m", "1", "-i", "soon"},
		"numbers and files": {"-h", "127.0.0.1:1", "-m", "1", "-f", one, "-u"},
	} {
		t.Run(name, func(t *testing.T) { begin(t, append([]string{"send"}, args...)...).wait(t, exitUsage) })
	}
	begin(t, "send", "-h", freeAddress(t), "-m", "1").wait(t, exitFailed)
}

func TestReceiveUnwrapsFrames(t *testing.T) {
	address := freeAddress(t)
	receive := begin(t, "receive", "--listen", address, "--framed", "--messages", "2")
	c := reach(t, address)
	defer c.Close()
	if _, err := c.Write([]byte("\x00\x00\x00\x03one\x00\x00\x00\x00\x00\x00\x00\x05three")); err != nil {
		t.Fatal(err)
	}
	receive.wait(t, exitDone)
	if got := receive.stdout.String(); got != "one\n\n" {
		t.Errorf("%q", got)
	}
}

// voteUntil sends a vote for every letter, again and again, until enough is closed; then it says how many times.
func voteUntil(t *testing.T, c io.Writer) (enough chan struct{}, sent chan int) {
	enough, sent = make(chan struct{}), make(chan int)
	go func() {
		rounds := 0
		defer func() { sent <- rounds }()
		for votes := alphabet(); ; rounds++ {
			if _, err := c.Write(votes); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-enough:
				return
			case <-time.After(time.Millisecond): // about 50 000 a second, which is load enough and leaves time to come and go
			}
		}
	}()
	return enough, sent
}

// Workers join and leave a run under load, those with the first letters too, and no letter misses a vote or sees one twice.
func TestVotesGoOnWhileWorkersComeAndGo(t *testing.T) {
	dir := t.TempDir()
	folder, in, external, other := filepath.Join(dir, "output"), freeAddress(t), freeAddress(t), freeAddress(t)
	ballot := filepath.Join(dir, "votes.msg")
	if err := os.WriteFile(ballot, alphabet(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := begin(t, "run", "--local", "--app", "votes", "--processes", "1", "--input", "tcp://"+in, "--external", external, "-o", folder, "--compress", "none")
	c := reach(t, in)
	defer c.Close()
	enough, sent := voteUntil(t, c)
	// members waits until those who may leave are so many.
	members := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; {
			query := begin(t, "shrink", external, "--query", "--json")
			query.wait(t, exitDone)
			var answer struct{ Eligible []string }
			if err := json.Unmarshal(query.stdout.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if len(answer.Eligible) == n {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s, want %d", &query.stdout, n)
			}
		}
	}
	second := begin(t, "join", folder, "--name", "second", "--external", other)
	members(2)
	third := begin(t, "join", folder, "--name", "third")
	members(3)
	begin(t, "shrink", other, "--workers", "workers-1,nobody").wait(t, exitFailed)
	begin(t, "shrink", other, "--workers", "workers-1").wait(t, exitDone)
	members(2)
	begin(t, "shrink", external, "--count", "5").wait(t, exitDone)
	third.wait(t, exitDone) // the last in order
	if want := "third has left"; !strings.HasPrefix(third.stdout.String(), want) {
		t.Errorf("%q, want %q", &third.stdout, want)
	}
	members(1)
	begin(t, "shrink", external, "--workers", "second").wait(t, exitFailed)
	close(enough)
	rounds := <-sent + 1
	c.Close()
	begin(t, "shutdown", other).wait(t, exitDone)
	run.wait(t, exitDone)
	second.wait(t, exitDone)
	begin(t, "join", folder).wait(t, exitFailed)

	var want bytes.Buffer
	for n := range rounds {
		for i := range uint32(2) {
			for letter := 'a'; letter <= 'z'; letter++ {
				fmt.Fprintf(&want, "%c => %d\n", letter, uint32(3*n)+1+2*i)
			}
		}
	}
	results, err := os.ReadFile(filepath.Join(folder, "results.txt"))
	if err != nil || !bytes.Equal(results, want.Bytes()) {
		t.Errorf("%d bytes of results of %d rounds, want %d: first difference at %d; %v", len(results), rounds, want.Len(), differ(results, want.Bytes()), err)
	}
}
