package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// batches is how many batches a run is cut into, so that there are moments to hit.
const batches = 1500

// input writes an input for the application, a function of the seed, and returns how a run is told of it.
func (c *Config) input() ([]string, error) {
	args := []string{"--app", c.App, "--compress", "none", "--batch-rows", strconv.Itoa(max(c.Records/batches, 1))}
	if c.App == "classifier" || c.App == "query2" {
		return append(args, "--lines", strconv.Itoa(c.Records), "--seed", strconv.FormatUint(c.Seed, 10)), nil
	}
	path := filepath.Join(c.Dir, "input")
	return append(args, "--input", path), c.write(path)
}

// write writes votes, or words for any other application.
func (c *Config) write(path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w, random := bufio.NewWriter(file), rand.New(rand.NewPCG(c.Seed, 2))
	defer func() { err = errors.Join(err, w.Flush(), file.Close()) }()
	for range c.Records {
		if c.App == "votes" {
			_, err = w.Write([]byte{0, 0, 0, 5, byte('a' + random.IntN(26)), 0, 0, byte(random.IntN(3)), byte(random.IntN(256))})
		} else {
			_, err = fmt.Fprintf(w, "word%d common word%d\n", random.IntN(1+random.IntN(5000)), random.IntN(50))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
