package chaos

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
)

// Trial runs the program once, with arguments that say what on which input, while the faults befall it one after the other; and
// returns what came of it. The results are left in the folder of that name, for whoever wants to compare them. Of the Config it
// takes the program, the hosts and the folder.
func (c *Config) Trial(ctx context.Context, name string, args []string, faults iter.Seq[Fault]) (Tally, error) {
	r := &round{Config: c, args: args, output: filepath.Join(c.Dir, name)}
	err := errors.Join(r.play(ctx, faults), c.clear(ctx))
	return r.tally, err
}
