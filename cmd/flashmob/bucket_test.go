package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

// bucketsKey is where a script's S3 is kept.
type bucketsKey struct{}

// bucket starts an S3 for the rest of the script. What is asked for shows in the file requests.
func bucket(ts *testscript.TestScript, neg bool, args []string) {
	backend := s3mem.New()
	ts.Check(backend.CreateBucket(args[0]))
	folder := ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(folder, path)
		if err == nil {
			_, err = backend.PutObject(args[0], filepath.ToSlash(key), map[string]string{}, strings.NewReader(string(text)), int64(len(text)), nil)
		}
		return err
	}))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	ts.Defer(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "keep-this", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		ts.Setenv(name, value)
	}
	backends, _ := ts.Value(bucketsKey{}).(*sharedBackend)
	backends.s3 = backend
}

// sharedBackend is a script's S3.
type sharedBackend struct{ s3 *s3mem.Backend }

func printObject(ts *testscript.TestScript, neg bool, args []string) {
	object, err := ts.Value(bucketsKey{}).(*sharedBackend).s3.GetObject(args[0], args[1], nil)
	ts.Check(err)
	defer object.Contents.Close()
	_, err = io.Copy(ts.Stdout(), object.Contents)
	ts.Check(err)
}

// serve serves a folder: with ranges, but for what lies under /whole/.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	files := http.FileServer(http.Dir(ts.MkAbs(args[1])))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := strings.CutPrefix(r.URL.Path, "/whole"); ok {
			r.URL.Path = path
			r.Header.Del("Range")
		}
		files.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}
