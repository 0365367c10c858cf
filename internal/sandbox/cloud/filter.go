package cloud

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// attributes are what an object can be filtered by; nil marks an attribute that is known but has no value.
type attributes map[string][]string

type filter struct {
	name   string
	values []string
}

func (q query) filters() []filter {
	var out []filter
	for _, f := range q.each("Filter") {
		out = append(out, filter{f.get("Name"), f.list("Value")})
	}
	return out
}

// match reports whether an object passes every filter. As in EC2, values of one filter are alternatives and may hold
// the wildcards * and ?. A filter that the sandbox does not know is an error, never silently everything.
func match(filters []filter, attrs attributes, tags Tags) (bool, error) {
	for _, f := range filters {
		var have []string
		switch key, isTag := strings.CutPrefix(f.name, "tag:"); {
		case isTag:
			if v, found := tags[key]; found {
				have = []string{v}
			}
		case f.name == "tag-key":
			have = slices.Collect(maps.Keys(tags))
		default:
			values, known := attrs[f.name]
			if !known {
				return false, refuse("InvalidParameterValue", "The filter '%s' is invalid", f.name)
			}
			have = values
		}
		if !anyMatch(f.values, have) {
			return false, nil
		}
	}
	return true, nil
}

func anyMatch(patterns, values []string) bool {
	for _, p := range patterns {
		for _, v := range values {
			if p == v || wildcard(p, v) {
				return true
			}
		}
	}
	return false
}

// wildcard matches * and ? anywhere; path.Match alone would stop * at a slash, which CIDRs and image names hold.
func wildcard(pattern, value string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return false
	}
	flat := strings.NewReplacer("/", "\x00", "[", `\[`, `\`, `\\`)
	matched, err := path.Match(flat.Replace(pattern), strings.ReplaceAll(value, "/", "\x00"))
	return err == nil && matched
}

// pick returns the objects named by ids, or all of them, that pass the call's filters, sorted by ID. A named object
// that does not exist is the error missing, as EC2 answers it.
func pick[T object](q query, all map[string]T, ids []string, missing string) ([]T, error) {
	filters := q.filters()
	if len(ids) == 0 {
		ids = slices.DeleteFunc(slices.Sorted(maps.Keys(all)), q.hidden)
	}
	var out []T
	for _, id := range ids {
		o, found := all[id]
		if !found || q.hidden(id) {
			return nil, refuse(missing, "The ID '%s' does not exist", id)
		}
		matched, err := match(filters, o.attributes(), o.tags())
		if err != nil {
			return nil, err
		}
		if matched {
			out = append(out, o)
		}
	}
	return out, nil
}

// hidden reports whether an object is still to be kept from being listed.
func (q query) hidden(id string) bool { return time.Now().Before(q.late[id]) }

// object is what every thing in the account has.
type object interface {
	attributes() attributes
	tags() Tags
}
