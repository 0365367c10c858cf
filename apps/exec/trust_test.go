package exec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"flashmob/flow"
)

// programVariable names the program that the test binary is to be instead of the tests.
const programVariable = "FLASHMOB_TEST_PROGRAM"

// programs speak in frames, more or less. What they get has no header line.
var programs = map[string]func(in *bufio.Reader){
	"echo":            func(in *bufio.Reader) { serve(in, func(text string) { say('R', text) }) },
	"never writes":    func(in *bufio.Reader) { _, _ = io.Copy(io.Discard, in); wait() },
	"closes input":    func(in *bufio.Reader) { recv(in); os.Stdin.Close(); wait() },
	"closes output":   func(in *bufio.Reader) { recv(in); os.Stdout.Close(); wait() },
	"closes both":     func(*bufio.Reader) { os.Stdin.Close(); os.Stdout.Close(); wait() },
	"frame too large": func(in *bufio.Reader) { recv(in); raw(outputMost+2, "R"); wait() },
	"wrong letter":    func(in *bufio.Reader) { recv(in); say('B', "x\n"); wait() },
	"twice":           func(in *bufio.Reader) { serve(in, func(text string) { say('R', text); say('R', text) }) },
	"twice, later": func(in *bufio.Reader) {
		text := recv(in)
		say('R', text)
		time.Sleep(300 * time.Millisecond)
		say('R', text)
		wait()
	},
	"half read": func(*bufio.Reader) {
		_, _ = io.ReadFull(os.Stdin, make([]byte, 6))
		say('R', "x\n")
		wait()
	},
}

func wait() { time.Sleep(time.Hour) }

// recv returns the text of the next batch. Where there is none, the program ends.
func recv(in *bufio.Reader) string {
	head := make([]byte, frameHead)
	if _, err := io.ReadFull(in, head); err != nil {
		os.Exit(0)
	}
	text := make([]byte, binary.BigEndian.Uint32(head)-1)
	if _, err := io.ReadFull(in, text); err != nil || head[frameHead-1] != frameBatch {
		os.Exit(9)
	}
	return string(text)
}

func serve(in *bufio.Reader, answer func(string)) {
	for {
		answer(recv(in))
	}
}

func say(letter byte, text string) { raw(uint32(len(text)+1), string(letter)+text) }

func raw(length uint32, text string) {
	_, _ = os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, length), text...))
}

// own returns the settings, and the variable, that make the test binary one of the programs.
func own(t *testing.T, name string) (s Settings, variable string) {
	t.Helper()
	if programs[name] == nil {
		t.Fatalf("no program %q", name)
	}
	return Settings{Command: os.Args[0], Mode: Frames, Timeout: time.Minute}, programVariable + "=" + name
}

func TestWhatIsWrongWithAProgramThatShouldSpeakInFrames(t *testing.T) {
	for name, c := range map[string]struct {
		want string
		slow bool
		rows int
	}{
		"never writes":    {"no answer within", true, 500_000},
		"closes input":    {"no answer within", true, 500_000},
		"closes output":   {"it closed its standard output and went on running", false, 3},
		"closes both":     {"it closed its standard output and went on running", false, 500_000},
		"frame too large": {"it does not speak in frames: a frame of 134217729 bytes", false, 3},
		"wrong letter":    {`it does not speak in frames: a frame 'B'`, false, 3},
		"half read":       {"it answered before it had read all of its input", false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, variable := own(t, name)
			if c.slow {
				s.Timeout = time.Second
			}
			o := open(t, s, variable)
			_, err := o.Process(t.Context(), bundle("", numbered(0, c.rows)...))
			var f *flow.Failure
			if !errors.As(err, &f) || !strings.HasPrefix(f.Reason, c.want) || f.Fatal || f.TimedOut != c.slow {
				t.Errorf("%v (%+v), want %q", err, f, c.want)
			}
		})
	}
}

// One frame too many is an answer to nothing, or the wrong one to what comes next: no run may end well with it.
func TestAFrameTooManyIsNoticed(t *testing.T) {
	for _, name := range []string{"twice", "twice, later"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, variable := own(t, name)
			f, err := Flow(s)
			if err != nil {
				t.Fatal(err)
			}
			o, err := f.OpenOperator(flow.Surroundings{Env: []string{variable}})
			if err != nil {
				t.Fatal(err)
			}
			var failed error
			for i := range 3 {
				in := bundle("", numbered(100*i, 100)...)
				y, err := o.Process(t.Context(), in)
				if failed = errors.Join(failed, err); err == nil && string(y.Records) != string(in.Records) && failed == nil {
					t.Logf("batch %d got another's answer", i)
				}
				if st := o.(*streams).last; i == 0 && st != nil && name == "twice, later" {
					<-st.child.reaped // it has given the second one, and was killed for it
				}
			}
			if failed = errors.Join(failed, o.Close()); failed == nil || !strings.Contains(failed.Error(), "more frames than it was given") && !strings.Contains(failed.Error(), "before it had read all") {
				t.Errorf("got %v", failed)
			}
		})
	}
}

func TestAProgramThatClosesItsInputOrOutputAndGoesOn(t *testing.T) {
	many := strings.Repeat("row\n", 1<<20) // more than a pipe holds
	for name, c := range map[string]struct {
		mode, command, rows, want string // the records, or what is wrong
		slow, fatal               bool
	}{
		"batch: no input, hangs":          {Batch, "read -r l; exec <&-; sleep 600", many, "no end within", true, false},
		"batch: no input, ends":           {Batch, `read -r l; exec <&-; echo "$l"`, "1\n2\n", "it ended, with exit status 0, before it had read all", false, true},
		"batch: no input, ends, many":     {Batch, `read -r l; exec <&-; echo "$l"`, many, "it ended, with exit status 0, before it had read all", false, true},
		"batch: no output, hangs":         {Batch, "cat; exec >&-; sleep 600", "1\n", "no end within", true, false},
		"batch: no output, ends":          {Batch, "cat; exec >&-; sleep 1.5", "1\n2\n", "1\n2\n", false, false},
		"batch: no output, fails":         {Batch, "cat; exec >&-; sleep 0.2; exit 4", "1\n", "exit status 4", false, false},
		"lines: no input, hangs":          {Lines, `read -r l; echo "$l"; exec <&-; sleep 600`, "1\n2\n", "no answer within", true, false},
		"lines: no input, hangs, many":    {Lines, `read -r l; echo "$l"; exec <&-; sleep 600`, many, "no answer within", true, false},
		"lines: no input, answers":        {Lines, `read -r l; exec <&-; echo "$l"; echo 2; sleep 600`, "1\n2\n", "it gave more records than it was given, or some before it had read theirs", false, false},
		"lines: answers, reads nothing":   {Lines, "echo 1; echo 2; sleep 600", "1\n2\n", "it gave more records than it was given, or some before it had read theirs", false, false},
		"lines: answers, and ends":        {Lines, "echo 1; echo 2; sleep 0.2", "1\n2\n", "it gave more records than it was given, or some before it had read theirs", false, false},
		"lines: no output, hangs":         {Lines, `read -r l; echo "$l"; exec >&-; cat >/dev/null; sleep 600`, "1\n2\n", "it closed its standard output and went on running", false, false},
		"lines: no output, all done":      {Lines, "cat; exec >&-; sleep 600", "1\n2\n", "1\n2\n", false, false},
		"lines: no output, all kept back": {Lines, "sort; exec >&-; sleep 600", "1\n2\n", "1\n2\n", false, false},
		"lines: neither":                  {Lines, "exec <&- >&-; sleep 600", many, "it closed its standard output and went on running", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Settings{Command: c.command, Mode: c.mode, Timeout: time.Minute}
			if c.slow {
				s.Timeout = time.Second
			}
			in := flow.Bundle{Records: []byte(c.rows), Count: int64(strings.Count(c.rows, "\n"))}
			y, err := open(t, s).Process(t.Context(), in)
			if strings.HasSuffix(c.want, "\n") {
				if err != nil || string(y.Records) != c.want {
					t.Errorf("%q: %v", y.Records, err)
				}
				return
			}
			var f *flow.Failure
			if !errors.As(err, &f) || !strings.HasPrefix(f.Reason, c.want) || f.Fatal != c.fatal || f.TimedOut != c.slow {
				t.Errorf("%v (%+v), want %q", err, f, c.want)
			}
		})
	}
}
