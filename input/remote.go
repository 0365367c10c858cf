package input

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// IsRemote reports whether the input is an object that is read over HTTP: https://, http://, or s3:// with an address that
// was signed for it. Every worker reads its ranges itself.
func (in Input) IsRemote() bool {
	return strings.HasPrefix(in.URI, "https://") || strings.HasPrefix(in.URI, "http://") || strings.HasPrefix(in.URI, S3)
}

// S3 is how the names of objects in S3 begin.
const S3 = "s3://"

// Access returns the addresses that remote inputs are read at, where those are not their names. They may hold secrets, so
// what is written down of an input does not have them; Grant gives them back.
func Access(inputs []Input) map[string]string {
	var access map[string]string
	for _, in := range inputs {
		if in.Address != "" {
			if access == nil {
				access = map[string]string{}
			}
			access[in.URI] = in.Address
		}
	}
	return access
}

// Grant gives inputs the addresses that they are read at.
func Grant(inputs []Input, access map[string]string) {
	for i := range inputs {
		if address, ok := access[inputs[i].URI]; ok {
			inputs[i].Address = address
		}
	}
}

// address returns where the input is read.
func (in Input) address() string {
	if in.Address != "" {
		return in.Address
	}
	return in.URI
}

var (
	// ErrNoRanges says that a server that gave ranges of an object gives none any more.
	ErrNoRanges = errors.New("the server does not give ranges of it")
	// ErrStatus says that a server refused.
	ErrStatus = errors.New("the server says")
)

// client reads objects. What is asked for is what is stored, so nothing is decompressed on the way.
var client = &http.Client{Transport: &http.Transport{
	Proxy: http.ProxyFromEnvironment, DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Second,
	ResponseHeaderTimeout: silence, ForceAttemptHTTP2: true,
}}

const (
	// silence is how long a server may say nothing.
	silence = 30 * time.Second
	// tries is how often something is asked for that fails in a way that may pass.
	tries = 5
)

// pause is how long to wait behind the n-th try.
func pause(n int) time.Duration { return 50 * time.Millisecond << (2 * n) }

// StatRemote describes the object at an address. One that the server gives no ranges of can only be read as a whole.
func StatRemote(uri string) (Input, error) {
	if _, err := url.Parse(uri); err != nil {
		return Input{}, fmt.Errorf("input %q: %w", uri, err)
	}
	in := Input{URI: uri, Size: -1}
	now, err := in.look()
	if err != nil {
		return Input{}, fmt.Errorf("input %q: %w", uri, err)
	}
	return now, nil
}

// look asks the server what the object is now.
func (in Input) look() (now Input, err error) {
	for n := range tries {
		if now, err = in.lookOnce(); err == nil || !passes(err) {
			break
		}
		time.Sleep(pause(n))
	}
	return now, err
}

func (in Input) lookOnce() (Input, error) {
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	answer, err := in.get(ctx, 0, 1)
	if err != nil {
		return Input{}, err
	}
	defer answer.Body.Close()
	in.ETag, in.Size = tagOf(answer), -1
	switch answer.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable: // it does not even have a first byte
		in.Size = 0
	case http.StatusPartialContent:
		size, ok := sizeOf(answer)
		if !ok {
			return Input{}, fmt.Errorf("content-range %q: %w", answer.Header.Get("Content-Range"), ErrNoRanges)
		}
		in.Size = size
	case http.StatusOK:
		if answer.ContentLength == 0 {
			in.Size = 0
		}
	}
	return in, nil
}

// get asks for the bytes [from, to). The answer's status is that of an object, whole or in part, or that it has no such
// range.
func (in Input) get(ctx context.Context, from, to int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, in.address(), nil)
	if err != nil {
		return nil, err
	}
	if from > 0 || to >= 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
	}
	answer, err := client.Do(request)
	if err != nil {
		var wrapped *url.Error // it has the address, which may hold a signature
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, transient{err}
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return answer, nil
	}
	answer.Body.Close()
	err = fmt.Errorf("%w %s", ErrStatus, answer.Status)
	if answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout {
		err = transient{err}
	}
	return nil, err
}

// transient is an error that may pass.
type transient struct{ error }

func (t transient) Unwrap() error { return t.error }

func passes(err error) bool {
	var t transient
	return errors.As(err, &t)
}

// tagOf returns what tells one version of an object from another.
func tagOf(answer *http.Response) string {
	if tag := answer.Header.Get("ETag"); tag != "" {
		return tag
	}
	return answer.Header.Get("Last-Modified")
}

// sizeOf returns the size of the object that an answer has a range of.
func sizeOf(answer *http.Response) (int64, bool) {
	_, size, _ := strings.Cut(answer.Header.Get("Content-Range"), "/")
	n, err := strconv.ParseInt(size, 10, 64)
	return n, err == nil
}
