package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// listen returns a listener that the hosts of the lab's cluster reach.
func (l *lab) listen() net.Listener {
	l.t.Helper()
	var host struct {
		Address string `json:"address"`
	}
	if err := json.Unmarshal([]byte(strings.SplitN(l.do("hosts", "--json"), "\n", 2)[0]), &host); err != nil {
		l.t.Fatal(err)
	}
	route, err := net.Dial("udp", host.Address) // which of our addresses they see
	if err != nil {
		l.t.Fatal(err)
	}
	own, _, _ := net.SplitHostPort(route.LocalAddr().String())
	route.Close()
	listener, err := net.Listen("tcp", net.JoinHostPort(own, "0"))
	if err != nil {
		l.t.Fatal(err)
	}
	return listener
}

// serve serves what the hosts of the lab's cluster are to reach, and returns where.
func (l *lab) serve(handler http.Handler) string {
	l.t.Helper()
	listener := l.listen()
	server := &http.Server{Handler: handler}
	l.t.Cleanup(func() { server.Close() })
	go server.Serve(listener)
	return "http://" + listener.Addr().String()
}

// A program of the user's own goes to every host with its files and its secrets, and does there what it does here.
func TestAProgramOnACluster(t *testing.T) {
	l := newLab(t)
	var rows, want strings.Builder
	rows.WriteString("id,name\n")
	want.WriteString("id,name,key\n")
	for i := range 30_000 {
		fmt.Fprintf(&rows, "%d,row\n", i)
		if i != 12_345 {
			fmt.Fprintf(&want, "%d,row,open sesame\n", i)
		}
	}
	// The program reads a file that came with it, and what --setup has made; one record is too much for it.
	program := `#!/bin/sh
grep -q ready made || exit 8
test "$(cat /proc/$PPID/cmdline | tr '\0' ' ' | grep -c sesame)" = 0 || exit 9
exec awk -f "$(dirname "$0")/add.awk"
`
	script := `NR == 1 {print $0 ",key"; next}
/^12345,/ {print "too much" >"/dev/stderr"; exit 7}
{print $0 "," ENVIRON["SECRET"]; fflush()}
`
	if err := os.MkdirAll(l.path("tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"in.csv": rows.String(), "tool/add.sh": program, "tool/add.awk": script} {
		if err := os.WriteFile(l.path(name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SECRET", "open sesame")
	l.up(2)
	for _, mode := range []string{"batch", "lines"} {
		l.fail(3, []string{"a batch failed: looking for the record that it fails on", "exit status 7: too much"},
			"run", "--input", "in.csv", "--file", "tool", "--setup", "echo ready > made", "--env", "SECRET", "--exec", "tool/add.sh", "--exec-mode", mode,
			"--compress", "none", "-o", mode)
		got, err := os.ReadFile(l.path(mode, "results.csv"))
		if err != nil || string(got) != want.String() {
			t.Errorf("%s: results differ, %v", mode, err)
		}
		for _, file := range []string{"manifest.json", "rejects.csv"} {
			if text, err := os.ReadFile(l.path(mode, file)); err != nil || strings.Contains(string(text), "sesame") {
				t.Errorf("%s: %s holds a secret, %v", mode, file, err)
			}
		}
	}
	if logs := l.do("logs"); strings.Contains(logs, "sesame") {
		t.Errorf("a secret is in the logs:\n%s", logs)
	}
	// An input on a web server is read by the hosts themselves.
	address := l.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "in.csv", time.Time{}, strings.NewReader(rows.String()))
	}))
	l.do("run", "--input", address+"/in.csv", "--exec", "cat", "--compress", "none", "-o", "remote")
	if got, err := os.ReadFile(l.path("remote", "results.csv")); err != nil || string(got) != rows.String() {
		t.Errorf("remote: results differ, %v", err)
	}
	l.fail(1, []string{"the program fails on everything that it is given: exit status 3: no model"},
		"run", "--input", "in.csv", "--exec", "echo no model >&2; exit 3", "-o", "broken")
	l.down()
}

// Objects are read by the hosts themselves, with addresses that were signed here: they have no credentials. Results go to the
// store from here.
func TestAnObjectStoreOnACluster(t *testing.T) {
	l := newLab(t)
	l.up(2)
	backend := s3mem.New()
	if err := backend.CreateBucket("data"); err != nil {
		t.Fatal(err)
	}
	crowd := readers{both: make(chan struct{}), seen: map[string]int{}}
	store := gofakes3.New(backend).Server()
	address := l.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			crowd.meet(r)
		}
		store.ServeHTTP(w, r)
	}))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "keep-this", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		l.env = append(l.env, name+"="+value)
	}
	want := "id,text,n\n"
	for _, key := range []string{"in/a.csv", "in/b.csv"} {
		var text strings.Builder
		text.WriteString("id,text\n")
		for i := range 20_000 {
			fmt.Fprintf(&text, "%d,\"quoted\nline %s\"\n", i, key)
			want += fmt.Sprintf("%d,\"quoted\nline %s\",1\n", i, key)
		}
		if _, err := backend.PutObject("data", key, map[string]string{}, strings.NewReader(text.String()), int64(text.Len()), nil); err != nil {
			t.Fatal(err)
		}
	}
	program := `awk 'NR == 1 {print $0 ",n"; next} /"$/ {print $0 ",1"; next} {print}'`
	l.do("run", "--input", "s3://data/in/*.csv", "--exec", program, "--batch-rows", "500", "--compress", "none", "-o", "s3://data/out/")
	object, err := backend.GetObject("data", "out/results.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Contents.Close()
	if got, err := io.ReadAll(object.Contents); err != nil || string(got) != want {
		t.Errorf("the results have %d bytes, want %d; %v", len(got), len(want), err)
	}
	if len(crowd.seen) < 2 {
		t.Errorf("only %v has read the objects", crowd.seen)
	}
	if logs := l.do("logs"); strings.Contains(logs, "keep-this") || strings.Contains(logs, "X-Amz-Signature") {
		t.Errorf("a secret is in the logs:\n%s", logs)
	}
	l.down()
}

// readers are the hosts that read, by their addresses: how often each has. Who has read some waits for another to come: the work is
// so little that one could have done it all before the other begins.
type readers struct {
	mu   sync.Mutex
	seen map[string]int
	both chan struct{} // closed when there are two
}

// meet takes note of who reads, and returns when it is its turn, or nobody else came for so long.
func (r *readers) meet(request *http.Request) {
	host, _, _ := net.SplitHostPort(request.RemoteAddr)
	r.mu.Lock()
	r.seen[host]++
	n := r.seen[host]
	if n == 1 && len(r.seen) == 2 {
		close(r.both)
	}
	r.mu.Unlock()
	if n <= 10 { // what is to be done has to be found out first
		return
	}
	select {
	case <-r.both:
	case <-time.After(patience):
	case <-request.Context().Done():
	}
}
