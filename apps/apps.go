// Package apps lists the applications that flashmob comes with. To add one, write its flow in a folder beside this
// file and name it in New.
package apps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"flashmob/apps/exec"
	"flashmob/apps/query2"
	"flashmob/apps/votes"
	"flashmob/apps/wordcount"
	"flashmob/classifier"
	"flashmob/flow"
)

// Names are the names of all applications.
var Names = []string{classifier.Name, query2.Name, votes.Name, wordcount.Name}

// ErrUnknown says that there is no application of that name.
var ErrUnknown = errors.New("no such application")

// New returns the flow of an application. settings is its settings as JSON; empty for the defaults.
func New(name string, settings json.RawMessage) (*flow.Flow, error) {
	switch name {
	case classifier.Name:
		return build(settings, classifier.Flow)
	case exec.Name:
		return build(settings, exec.Flow)
	case query2.Name:
		return build(settings, query2.Flow)
	case votes.Name:
		return build(settings, votes.Flow)
	case wordcount.Name:
		return build(settings, wordcount.Flow)
	}
	return nil, fmt.Errorf("app %q: %w; there is %s", name, ErrUnknown, strings.Join(slices.Sorted(slices.Values(Names)), ", "))
}

// build decodes settings of type S, in which it refuses fields that S does not have, and makes a flow of them.
func build[S any](settings json.RawMessage, flowOf func(S) (*flow.Flow, error)) (*flow.Flow, error) {
	var s S
	if len(settings) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(settings))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&s); err != nil {
			return nil, fmt.Errorf("settings %s: %w", settings, err)
		}
		if _, err := decoder.Token(); err != io.EOF {
			return nil, fmt.Errorf("settings %s: something stands behind them", settings)
		}
	}
	return flowOf(s)
}
