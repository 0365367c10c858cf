package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"flashmob/apps/query2"
	"flashmob/worker"
)

// faultsVariable asks for every cell of the matrix, which takes many minutes.
const faultsVariable = "FLASHMOB_FAULTS"

// inputs are what the applications read in these tests, and how many records make a batch of them.
var inputs = map[string]struct {
	text func() []byte
	rows int
}{
	"classifier": {classified, 100},
	"query2":     {visits, 200},
	"votes":      {frames, 200},
	"wordcount":  {prose, 100},
}

func classified() []byte {
	var b bytes.Buffer
	b.WriteString("ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION\n")
	for i := range 6000 {
		if i%97 == 0 {
			b.WriteString("ragged\n")
		}
		fmt.Fprintf(&b, "%d,%d,0.%d,\"name\n%x\",text %d\n", i, i*7%1000, i*i, i, i%13)
	}
	return b.Bytes()
}

func visits() (b []byte) {
	for i := range int64(12000) {
		b = append(query2.AppendRow(b, 7, i), '\n')
	}
	return b
}

func frames() (b []byte) {
	random := rand.New(rand.NewPCG(8, 9))
	for range 12000 {
		b = append(b, 0, 0, 0, 5, byte('a'+random.IntN(26)), 0, 0, byte(random.IntN(3)), byte(random.IntN(256)))
	}
	return b
}

func prose() []byte {
	random := rand.New(rand.NewPCG(1, 9))
	var b bytes.Buffer
	for range 6000 {
		for range random.IntN(12) {
			fmt.Fprintf(&b, "word%d ", random.IntN(1+random.IntN(3000)))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// waits are the ack waits that the matrix is crossed with.
var waits = map[string]time.Duration{"short": 300 * time.Millisecond, "usual": 2 * time.Second, "long": 10 * time.Second}

// cells calls test for every application and ack wait, or in an everyday run for one of the applications, i counting
// through them, and the short wait.
func cells(t *testing.T, i int, apps []string, test func(t *testing.T, app string, wait time.Duration)) {
	if os.Getenv(faultsVariable) == "" {
		app := apps[i%len(apps)]
		t.Run(app, func(t *testing.T) { test(t, app, waits["short"]) })
		return
	}
	for _, app := range apps {
		for name, wait := range waits {
			t.Run(app+"/"+name, func(t *testing.T) { test(t, app, wait) })
		}
	}
}

var (
	allApps   = []string{"classifier", "votes", "query2", "wordcount"}
	keyedApps = []string{"votes", "wordcount", "query2"}
	sumApps   = []string{"wordcount", "query2"}
)

// A worker that dies at any point of its work costs time and nothing else.
func TestAWorkerMayDieAtAnyPoint(t *testing.T) {
	for i, point := range []struct {
		name string
		hit  int
		apps []string
	}{
		{"pulled", 1, allApps}, {"begun", 1, allApps}, {"half", 1, allApps}, {"made", 1, allApps}, {"sent", 1, allApps},
		{"logged", 1, allApps}, {"acked", 1, allApps}, {"applied", 1, keyedApps},
	} {
		t.Run(point.name, func(t *testing.T) {
			cells(t, i, point.apps, func(t *testing.T, app string, wait time.Duration) {
				c := newCast(t, app, inputs[app].text(), inputs[app].rows, wait)
				c.initializer()
				c.worker("workers-1", fmt.Sprintf("FLASHMOB_CRASH=%s:%d", point.name, point.hit))
				victim := c.players["workers-1"]
				c.worker("workers-2")
				c.joined(3)
				c.operate()
				c.finished()
				<-victim.ended
				if !victim.crashed() {
					t.Errorf("the worker did not come to the point %q: %s", point.name, victim.said.String())
				}
			})
		})
	}
}

// An initializer that dies at any point is started again and goes on: its workers wait for it, and nothing is lost.
func TestAnInitializerMayDieAtAnyPoint(t *testing.T) {
	for i, point := range []struct {
		name string
		hit  int
		apps []string
	}{
		{"cut", 1, allApps}, {"cut", 20, allApps}, {"handed", 20, allApps}, {"gathered", 1, allApps}, {"gathered", 25, allApps},
		{"appended", 25, allApps}, {"logged", 5, allApps}, {"gathered all", 1, allApps},
		{"merged", 1, sumApps}, {"over", 1, allApps}, {"halted", 1, allApps}, {"finished", 1, allApps},
	} {
		t.Run(fmt.Sprintf("%s %d", point.name, point.hit), func(t *testing.T) {
			cells(t, i, point.apps, func(t *testing.T, app string, wait time.Duration) {
				c := newCast(t, app, inputs[app].text(), inputs[app].rows, wait)
				c.initializer(fmt.Sprintf("FLASHMOB_CRASH=%s:%d", point.name, point.hit))
				victim := c.players["initializer-1"]
				c.worker("workers-1")
				c.joined(2)
				c.operate()
				<-victim.ended
				if !victim.crashed() {
					t.Fatalf("the initializer did not come to the point %q: %s", point.name, victim.said.String())
				}
				c.finished()
				c.until("the answer that it is over", func() bool {
					_, text, err := c.ask(t.Context(), "GET", "/parts?from=0", nil)
					var last worker.Followed
					return err == nil && json.Unmarshal(text[bytes.LastIndexByte(bytes.TrimSpace(text), '\n')+1:], &last) == nil &&
						last.Over != nil && last.Over.Err() == nil
				})
			})
		})
	}
}
