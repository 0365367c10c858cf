package main

import (
	"encoding/json"
	"time"

	"github.com/spf13/pflag"

	"flashmob/apps/query2"
	"flashmob/apps/votes"
	"flashmob/classifier"
)

// appFlags are the flags that say which application runs, and its settings.
type appFlags struct {
	app       string
	slowness  int
	calibrate time.Duration
	prefix    int
	delay     time.Duration
}

// settingOf says whose setting a flag is.
var settingOf = map[string]string{"slowness": classifier.Name, "calibrate": classifier.Name, "prefix": query2.Name, "delay": votes.Name}

func (a *appFlags) register(f *pflag.FlagSet) {
	f.StringVar(&a.app, "app", classifier.Name, "application: classifier, query2, votes or wordcount")
	f.IntVar(&a.slowness, "slowness", 10, "classifier: how often each record is hashed")
	f.DurationVar(&a.calibrate, "calibrate", 0, "classifier: CPU time to spend on each record at least, such as 3.5ms")
	f.DurationVar(&a.delay, "delay", 0, "votes: how long each vote keeps its letter's owner busy, such as 500ms")
	f.IntVar(&a.prefix, "prefix", 8, "query2: bytes of an address that make its group: 8, 10 or 12")
}

// check returns what is wrong with the flags.
func (a appFlags) check(f *pflag.FlagSet) error {
	for flag, app := range settingOf {
		if app != a.app && f.Changed(flag) {
			return usagef("app %s: --%s is a setting of %s", a.app, flag, app)
		}
	}
	switch {
	case a.slowness < 1:
		return usagef("slowness %d: must be 1 or more", a.slowness)
	case a.calibrate < 0:
		return usagef("calibrate %s: must not be negative", a.calibrate)
	case a.delay < 0:
		return usagef("delay %s: must not be negative", a.delay)
	}
	return nil
}

// settings returns the application's settings as JSON.
func (a appFlags) settings() ([]byte, error) {
	switch a.app {
	case classifier.Name:
		return json.Marshal(classifier.Settings{Slowness: a.slowness, Calibrate: a.calibrate})
	case votes.Name:
		return json.Marshal(votes.Settings{Delay: a.delay})
	case query2.Name:
		return json.Marshal(query2.Settings{Prefix: a.prefix})
	}
	return []byte("{}"), nil
}
