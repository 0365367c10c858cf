package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
)

// makeInput writes an application's input of about so many bytes, in which keys distinct ones are drawn evenly, each once at
// the least. It returns how many lines there are.
func makeInput(path, app string, keys int, size int64) (lines int, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for written := int64(0); written < size || lines < keys; lines++ {
		key := lines
		if lines >= keys {
			key = random.IntN(keys)
		}
		n, err := line(out, app, key, random)
		if err != nil {
			return 0, err
		}
		written += int64(n)
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	return lines, file.Close()
}

// line writes a line with a key: a row for Query2, whose addresses begin with 8 bytes of their own, or a word of 8 letters.
func line(out io.Writer, app string, key int, random *rand.Rand) (int, error) {
	var name [8]byte
	for i := range name {
		name[i] = 'a' + byte(key%26)
		key /= 26
	}
	if app == query2 {
		return fmt.Fprintf(out, "%s,http://example.org/%x,1999-12-31,%.6f,agent,AUT,AUT-DE,word,7\n", name, random.Uint32(), random.Float64())
	}
	return fmt.Fprintf(out, "%s\n", name)
}
