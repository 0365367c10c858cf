package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"flashmob/bench"
)

// makeInput makes the application's input where it is not there, reads it once, and returns how many lines it has.
func makeInput(ctx context.Context, config Config, programs programs) (path string, lines int, err error) {
	if config.App == wordcount {
		path = filepath.Join(config.Dir, fmt.Sprintf("words-%d.txt", config.Text))
	} else {
		path = filepath.Join(config.Dir, fmt.Sprintf("visits-%d.csv", config.Rows))
	}
	if _, err := os.Stat(path); err != nil {
		fmt.Fprintln(config.Log, "making", path)
		if config.App == wordcount {
			err = makeText(path+".part", config.Text)
		} else {
			script := fmt.Sprintf("%s generate --app query2 --lines %d --seed 1 > %s.part", programs.flashmob, config.Rows, path)
			_, err = bench.Run(ctx, bench.Command{Args: []string{"sh", "-c", script}})
		}
		if err != nil {
			return "", 0, err
		}
		if err := os.Rename(path+".part", path); err != nil {
			return "", 0, err
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	counter := newlines{}
	_, err = io.Copy(&counter, file)
	return path, counter.n, err
}

// newlines counts the ends of lines that are written to it.
type newlines struct{ n int }

func (l *newlines) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}

// dictionaries are where Debian's packages put their text, in gzip's format.
const dictionaries = "/usr/share/dictd/*.dict.dz"

// makeText writes the text of all dictionaries, one after the other, again and again, until there is enough.
func makeText(path string, least int64) error {
	packed, err := filepath.Glob(dictionaries)
	if err != nil {
		return err
	}
	if len(packed) == 0 {
		return errors.New("no text: apt-get install dict-gcide dict-wn dict-jargon")
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	for _, name := range packed {
		if err := unpack(out, name); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if _, err := out.WriteString("\n"); err != nil {
			return err
		}
	}
	once, err := out.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	for size := once; size < least; size += once {
		if _, err := io.Copy(out, io.NewSectionReader(out, 0, once)); err != nil {
			return err
		}
	}
	return out.Close()
}

func unpack(to io.Writer, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	lines := bufio.NewReaderSize(plain, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		// There are programs that refuse a text with bytes that are no characters.
		if _, failed := to.Write(bytes.ToValidUTF8(line, []byte("\uFFFD"))); failed != nil {
			return failed
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
