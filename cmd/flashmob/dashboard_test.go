package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"flashmob/dashboard"
)

func TestDashboardOfALocalRunShowsItsRecords(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(self, "run", "--local", "--lines", "60000", "--calibrate", "100us", "--workers", "2", "--dashboard=127.0.0.1:0", "-o", out)
	cmd.Args[0] = "flashmob" // TestMain makes it so
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 4096)
	n, err := stderr.Read(head)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, stderr)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(string(head[:n]))
	if url == "" {
		t.Fatalf("no address in %q", head[:n])
	}
	var view dashboard.View
	for deadline := time.Now().Add(time.Minute); view.Run == nil || view.Run.Records == 0; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(url + "api/status")
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("nothing was shown: %v", err)
		}
		err = json.NewDecoder(answer.Body).Decode(&view)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if r := view.Run; r.Records != r.Out+r.Rejected || r.App != "classifier" || len(r.Workers) != 1 || r.Workers[0].Slots != 2 {
		t.Errorf("shown was %+v", r)
	}
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(page), view.Run.ID+"</bdi>") || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page is %s, %v", page, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
