package exec

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	osexec "os/exec"
	"strings"
	"time"

	"flashmob/flow"
)

// program is what is to be started.
type program struct {
	command string
	args    []string
	timeout time.Duration // 0 for none
	env     []string
	mark    string      // a variable that all processes have that the program starts
	stderr  io.Writer   // nil for nobody
	ending  func() bool // nothing more is to come; nil where nobody knows
	starved func()      // asks for more bundles at once; nil for nobody
}

func newProgram(s Settings, around flow.Surroundings) *program {
	mark := markName + "=" + rand.Text()
	return &program{
		command: s.Command, args: words(s.Command), timeout: s.Timeout, env: append(append(os.Environ(), around.Env...), mark), mark: mark, stderr: around.Stderr,
		ending: around.Ending, starved: around.Hungry,
	}
}

// markName is the variable by which processes are found again that have left their process group.
const markName = "FLASHMOB_PROGRAM"

// words returns the command as words to be executed. A command in which nothing is for a shell to understand needs none,
// which saves a process; for any other they are the shell's.
func words(command string) []string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./,:@%= \t"
	args := strings.Fields(command)
	if strings.Trim(command, plain) == "" && !strings.Contains(args[0], "=") {
		if _, err := osexec.LookPath(args[0]); err == nil { // a shell's own words are none of ours
			return args
		}
	}
	return []string{"/bin/sh", "-c", command}
}

// limit returns how long the program may take over a bundle; 0 for ever.
func (p *program) limit(in flow.Bundle) time.Duration {
	if in.Within > 0 && (p.timeout == 0 || in.Within < p.timeout) {
		return in.Within
	}
	return p.timeout
}

// start starts the program.
func (p *program) start() (*child, error) {
	c, err := startChild(p)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("start %q: %w", p.command, err)
	}
	return c, nil
}

// failure returns why a batch failed, with the end of what the program said.
func (p *program) failure(c *child, format string, args ...any) *flow.Failure {
	reason := fmt.Sprintf(format, args...)
	if said := c.said(); said != "" {
		reason += ": " + said
	}
	return &flow.Failure{Reason: reason}
}
