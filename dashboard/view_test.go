package dashboard

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fieldsOf returns the names that a type has in JSON, those of what is in it too.
func fieldsOf(t reflect.Type, into map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldsOf(t.Elem(), into)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return
		}
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.IsExported() || name == "-" {
				continue
			}
			into[name] = true
			fieldsOf(field.Type, into)
		}
	}
}

func TestEveryFieldOfTheStatusIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "dashboard.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## /api/status\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	said := map[string]bool{}
	for i, word := range strings.Split(section, "`") {
		if i%2 == 1 {
			said[strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(word, "run."), "."), "[]")] = true
		}
	}
	fields := map[string]bool{}
	fieldsOf(reflect.TypeFor[View](), fields)
	if len(fields) < 80 {
		t.Fatalf("there are only %d fields", len(fields))
	}
	for name := range fields {
		if !said[name] && name != "run" {
			t.Errorf("nothing is said of %q", name)
		}
	}
	for _, value := range []string{Going, Done, Drained, Failed, "rows", "run", "flashmob status --json"} {
		delete(said, value)
	}
	for word := range said {
		if !fields[word] {
			t.Errorf("there is no %q", word)
		}
	}
}
