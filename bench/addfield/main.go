// Addfield is a trivial filter, as a program of a user's own: it adds a field to every line that it reads. With -frames it speaks
// frames (docs/exec.md). It is what flashmob's --exec is measured with, beside the same filter behind a pipe.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	frames := flag.Bool("frames", false, "speak frames")
	flag.Parse()
	serve := lines
	if *frames {
		serve = framed
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "addfield:", err)
		os.Exit(1)
	}
}

// add appends the lines of text, each with a field more, to dst: how many commas it had.
func add(dst, text []byte) []byte {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		dst = append(dst, line...)
		dst = append(dst, ',', byte('0'+bytes.Count(line, []byte{','})%10), '\n')
		text = rest
	}
	return dst
}

// lines filters blocks of whole lines, as far as they have come.
func lines(r io.Reader, w io.Writer) error {
	block, out, held := make([]byte, 256<<10), []byte(nil), 0
	for {
		n, err := r.Read(block[held:])
		held += n
		whole := bytes.LastIndexByte(block[:held], '\n') + 1
		if err == io.EOF {
			whole = held
		}
		out = add(out[:0], block[:whole])
		if _, err := w.Write(out); err != nil {
			return err
		}
		if held = copy(block, block[whole:held]); held == len(block) {
			block = append(block, make([]byte, len(block))...)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// framed answers frames.
func framed(r io.Reader, w io.Writer) error {
	in := bufio.NewReaderSize(r, 256<<10)
	var head [5]byte
	var text, out []byte
	for {
		if _, err := io.ReadFull(in, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(head[:])) - 1
		if cap(text) < n {
			text = make([]byte, n)
		}
		if _, err := io.ReadFull(in, text[:n]); err != nil {
			return err
		}
		answer := byte('R')
		if head[4] == 'H' {
			answer = 'H'
		}
		out = add(append(out[:0], 0, 0, 0, 0, answer), text[:n])
		if answer == 'H' {
			out = bytes.TrimSuffix(out, []byte{'\n'})
		}
		binary.BigEndian.PutUint32(out, uint32(len(out)-4))
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
}
