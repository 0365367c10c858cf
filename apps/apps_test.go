package apps

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestEveryNameIsAnApplication(t *testing.T) {
	if !slices.IsSorted(Names) {
		t.Errorf("%v are not sorted", Names)
	}
	for _, name := range Names {
		for _, settings := range []string{"", "{}", "null"} {
			f, err := New(name, json.RawMessage(settings))
			if err != nil || f.Name != name || len(f.Stages()) == 0 {
				t.Errorf("%s with settings %q: %+v, %v", name, settings, f, err)
			}
		}
	}
}

func TestSettingsReachTheApplication(t *testing.T) {
	score := func(settings string) string {
		f, err := New("classifier", json.RawMessage(settings))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if _, _, err := f.Apply(strings.NewReader("A\nx\n"), &out, 0); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if score(`{"slowness":10}`) != score("") || score(`{"slowness":3}`) == score("") {
		t.Error("slowness is not what was set")
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	for _, settings := range []string{`{"slownes":1}`, `{"slowness":"1"}`, `{"slowness":-1}`, `{`, `[]`, `{} {}`, `{}x`} {
		if _, err := New("classifier", json.RawMessage(settings)); err == nil {
			t.Errorf("%s is accepted", settings)
		}
	}
}

func TestUnknownApplicationsAreNamedWithThoseThatThereAre(t *testing.T) {
	_, err := New("clasifier", nil)
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `"clasifier"`) || !strings.Contains(err.Error(), "there is classifier") {
		t.Error(err)
	}
}
