package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"flashmob/apps/votes"
)

func TestTheLinesThatAreWantedAreTheApplications(t *testing.T) {
	input, want := ballot(3000)
	f, err := votes.Flow(votes.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, _, err := f.Apply(bytes.NewReader(input), &got, 0); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%.100q, want %.100q; %v", got.Bytes(), want, err)
	}
}

func TestSampleSumsUp(t *testing.T) {
	times := newTimes(1000)
	for i := range times.due {
		times.due[i] = time.Duration(i) * time.Millisecond
		times.came[i] = times.due[i] + time.Duration(1000-i)*time.Millisecond
	}
	s := times.sample()
	if s.P50 != 501*time.Millisecond || s.P99 != 991*time.Millisecond || s.P999 != 1000*time.Millisecond || s.Most != time.Second || s.PerSecond != 1000 {
		t.Errorf("%+v", s)
	}
}

func TestSendKeepsToTheRateAndToTheOrder(t *testing.T) {
	input, _ := ballot(300)
	for _, rate := range []int{0, 10_000} {
		here, there := net.Pipe()
		times := newTimes(300)
		sent := make(chan error, 1)
		go func() { sent <- send(context.Background(), here, rate, input, times) }()
		got := make([]byte, len(input))
		if _, err := io.ReadFull(there, got); err != nil || !bytes.Equal(got, input) {
			t.Errorf("rate %d: other votes than there are; %v", rate, err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if took := times.now(); rate > 0 && took < 29*time.Millisecond {
			t.Errorf("300 votes at %d/s took %v", rate, took)
		}
		if rate > 0 && times.due[299] != 29900*time.Microsecond {
			t.Errorf("the last is due at %v", times.due[299])
		}
	}
}

func TestAWrongLineIsFound(t *testing.T) {
	_, want := ballot(100)
	for name, got := range map[string]string{"other": strings.Replace(string(want), "=>", "->", 1), "short": string(want[:50])} {
		here, there := net.Pipe()
		go func() {
			io.WriteString(here, got)
			here.Close()
		}()
		if err := receive(there, want, newTimes(100)); err == nil {
			t.Errorf("%s: nothing is said", name)
		}
		there.Close()
	}
}
