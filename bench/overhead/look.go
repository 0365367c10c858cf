package main

import (
	"context"
	"io"
	"net/http"
	"time"
)

// scrapeEvery is after how many looks at a page its metrics are asked for too, as Prometheus would.
const scrapeEvery = 5

// look looks at the page at an address as soon as it is there, and then every second, as an open browser does, until ctx ends.
// It returns how often it saw it.
func look(ctx context.Context, address string) (seen int) {
	for {
		wait := 20 * time.Millisecond
		if fetch(ctx, "http://"+address+"/") {
			if seen%scrapeEvery == 0 {
				fetch(ctx, "http://"+address+"/metrics")
			}
			seen++
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(wait):
		}
	}
}

// fetch reads a page, and says whether it came whole.
func fetch(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false // it is not there yet, or not any more
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK
}
