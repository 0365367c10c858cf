package store_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"flashmob/input"
	"flashmob/store"
)

// server starts an S3 with a bucket, to which the environment points, and returns its backend and the number of requests
// that it has had.
func server(t *testing.T, objects map[string]string) (*s3mem.Backend, *atomic.Int64) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	for key, text := range objects {
		if _, err := backend.PutObject("bucket", key, map[string]string{}, strings.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	requests := new(atomic.Int64)
	inner := gofakes3.New(backend).Server()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return backend, requests
}

func opened(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFindMatchesSortsAndSigns(t *testing.T) {
	server(t, map[string]string{"in/b.csv": "bb", "in/a.csv": "a", "in/deep/c.csv": "c", "in/a.txt": "t", "in/[odd].csv": "odd", "other.csv": "o", "in/empty.csv": ""})
	s := opened(t)
	for uri, want := range map[string]string{
		"s3://bucket/in/*.csv": "in/[odd].csv in/a.csv in/b.csv in/empty.csv", "s3://bucket/in/a.csv": "in/a.csv",
		"s3://bucket/in/[odd].csv": "in/[odd].csv", "s3://bucket/*/?.csv": "in/a.csv in/b.csv", "s3://bucket/in/*/*": "in/deep/c.csv",
	} {
		found, err := s.Find(t.Context(), uri)
		var keys []string
		for _, in := range found {
			keys = append(keys, strings.TrimPrefix(in.URI, "s3://bucket/"))
			if in.ETag == "" || !strings.Contains(in.Address, "X-Amz-Signature=") || strings.Contains(in.Address, "secret") {
				t.Errorf("%+v", in)
			}
		}
		if got := strings.Join(keys, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", uri, got, err, want)
		}
	}
	for uri, want := range map[string]error{
		"s3://bucket/none.csv": input.ErrNoObject, "s3://bucket/in/*.gz": input.ErrNoObject, "s3://bucket": store.ErrName, "s3:///x": store.ErrName,
		"s3://bucket/in": input.ErrNoObject,
	} {
		if _, err := s.Find(t.Context(), uri); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", uri, err, want)
		}
	}
}

func TestWhatIsFoundCanBeReadWholeAndByRange(t *testing.T) {
	text := strings.Repeat("0123456789", 100_000)
	backend, _ := server(t, map[string]string{"a": text, "empty": ""})
	s := opened(t)
	found, err := s.Find(t.Context(), "s3://bucket/*")
	if err != nil || len(found) != 2 {
		t.Fatal(found, err)
	}
	a, empty := found[0], found[1]
	if err := errors.Join(a.Check(), empty.Check()); err != nil {
		t.Error(err)
	}
	stream, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(stream)
	if err := errors.Join(err, stream.Close()); err != nil || string(got) != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	ranges := new(input.Ranges)
	body := ranges.Open(a, 12_345, 700_003)
	part, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || string(part) != text[12_345:700_003] {
		t.Errorf("%d bytes, %v", len(part), err)
	}
	// A version that is not the one that the run began with is not read on.
	if _, err := backend.PutObject("bucket", "a", map[string]string{}, strings.NewReader(text[1:]+"x"), int64(len(text)), nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Check(); !errors.Is(err, input.ErrChanged) {
		t.Errorf("Check: %v", err)
	}
	if _, err := io.ReadAll(ranges.Open(a, 5, 10)); !errors.Is(err, input.ErrChanged) || strings.Contains(err.Error(), "Signature") {
		t.Errorf("Open: %v", err)
	}
}

func TestPutUploadsSmallAndLarge(t *testing.T) {
	backend, requests := server(t, nil)
	s := opened(t)
	for name, size := range map[string]int{"small": 1000, "none": 0, "large": 64<<20 + 12_345} {
		text := bytes.Repeat([]byte("abcdefg\n"), size/8+1)[:size]
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		before := requests.Load()
		uri, err := store.Under("s3://bucket/out/", name)
		if err == nil {
			err = s.Put(t.Context(), file, uri)
		}
		if err != nil || uri != "s3://bucket/out/"+name {
			t.Fatal(uri, err)
		}
		if n := requests.Load() - before; name == "large" && n != 4 {
			t.Errorf("a large file took %d requests", n)
		}
		object, err := backend.GetObject("bucket", "out/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(object.Contents)
		if err := errors.Join(err, object.Contents.Close()); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if err := s.Put(t.Context(), "/nonexistent", "s3://bucket/x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	small := filepath.Join(t.TempDir(), "small") // a server that refuses a large one may hang up before it has said why
	if err := os.WriteFile(small, []byte("a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), small, "s3://nobucket/x"); err == nil || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("%v", err)
	}
}
