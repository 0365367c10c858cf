// Objects is an S3 on this machine with one object, the file given, in the bucket data: it says its address and serves until its
// standard input ends. With -fetch N it is the yardstick: it reads an object with plain range requests, N at a time, and with
// -into COMMAND it gives each range to a process of that, as flashmob does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"golang.org/x/sync/errgroup"

	"flashmob/store"
)

func main() {
	fetchers := flag.Int("fetch", 0, "read the object with so many requests at a time")
	into := flag.String("into", "", "with -fetch, give each range to a process of this command")
	flag.Parse()
	run := serve
	if *fetchers > 0 {
		run = func(uri string) error { return fetch(uri, *fetchers, *into) }
	}
	if err := run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "objects:", err)
		os.Exit(1)
	}
}

func serve(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	backend := s3mem.New()
	if err := backend.CreateBucket("data"); err != nil {
		return err
	}
	if _, err := backend.PutObject("data", filepath.Base(path), map[string]string{}, file, info.Size(), nil); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		listener.Close()
	}()
	_ = http.Serve(listener, gofakes3.New(backend).Server()) // it ends when the listener is closed
	return nil
}

// rangeSize is how much one request asks for.
const rangeSize = 8 << 20

func fetch(uri string, at int, into string) error {
	ctx := context.Background()
	s, err := store.Open(ctx)
	if err != nil {
		return err
	}
	found, err := s.Find(ctx, uri)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(at)
	for offset := int64(0); offset < found[0].Size; offset += rangeSize {
		group.Go(func() error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, found[0].Address, nil)
			if err != nil {
				return err
			}
			request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, min(offset+rangeSize, found[0].Size)-1))
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if into != "" {
				program := exec.CommandContext(ctx, "/bin/sh", "-c", into)
				program.Stdin, program.Stderr = answer.Body, os.Stderr
				return program.Run()
			}
			_, err = io.Copy(io.Discard, answer.Body)
			return err
		})
	}
	return group.Wait()
}
