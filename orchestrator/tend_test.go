package orchestrator

import (
	"testing"
	"time"
)

func TestAWorkerThatGetsNowhereIsGivenUp(t *testing.T) {
	var c crashes
	now, slept := time.Unix(0, 0), time.Duration(0)
	for n := 1; ; n++ {
		pause, again := c.again(now, 7) // seven were done before it began to crash
		if !again {
			if n != crashesInARow {
				t.Errorf("given up after %d crashes, want %d", n, crashesInARow)
			}
			break
		}
		if pause < pauseLeast || pause > pauseMost {
			t.Errorf("crash %d: pause of %v", n, pause)
		}
		now, slept = now.Add(pause), slept+pause
	}
	if slept < 2*time.Second || slept > 10*time.Second {
		t.Errorf("it took %v: a storm, or too long for a program that is no good", slept)
	}
}

func TestAWorkerThatGetsOnMayCrashMoreOften(t *testing.T) {
	var c crashes
	now := time.Unix(0, 0)
	for n := range 5 * int64(crashesMost) { // one a crash done, a crash every other second
		if pause, again := c.again(now, n); !again || pause > 2*pauseLeast {
			t.Fatalf("crash %d: %v, %v", n, pause, again)
		}
		now = now.Add(2 * time.Second)
	}
	for n := int64(0); ; n++ { // but not all the time
		_, again := c.again(now, 1000+n)
		if !again {
			if n < crashesMost/4 {
				t.Errorf("given up after %d crashes at once", n)
			}
			return
		}
		if n > crashesMost {
			t.Fatal("it is started again for ever")
		}
		now = now.Add(10 * time.Millisecond)
	}
}
