package cloud

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// query is a call's parameters as the EC2 query protocol writes them: flat names with numbered parts, as in
// Filter.1.Value.2. A query made by each sees only the names under its own number.
type query struct {
	values url.Values
	prefix string
	late   map[string]time.Time // objects that may not be listed yet, by ID
}

func (q query) get(name string) string { return q.values.Get(q.prefix + name) }

func (q query) has(name string) bool { return q.values.Has(q.prefix + name) }

// list returns name.1, name.2, … up to the first that is missing.
func (q query) list(name string) []string {
	var out []string
	for i := 1; q.has(fmt.Sprintf("%s.%d", name, i)); i++ {
		out = append(out, q.get(fmt.Sprintf("%s.%d", name, i)))
	}
	return out
}

// each returns one query for every structure name.1, name.2, ….
func (q query) each(name string) []query {
	var out []query
	for i := 1; ; i++ {
		prefix := fmt.Sprintf("%s%s.%d.", q.prefix, name, i)
		if !q.anyUnder(prefix) {
			return out
		}
		out = append(out, query{q.values, prefix, q.late})
	}
}

func (q query) anyUnder(prefix string) bool {
	for name := range q.values {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// flag reads a boolean, fallback where the call does not name it.
func (q query) flag(name string, fallback bool) bool {
	if b, err := strconv.ParseBool(q.get(name)); err == nil {
		return b
	}
	return fallback
}

// number reads an integer, fallback where the call does not name it.
func (q query) number(name string, fallback int) int {
	if n, err := strconv.Atoi(q.get(name)); err == nil {
		return n
	}
	return fallback
}

// need reads a parameter that must be there.
func (q query) need(name string) (string, error) {
	if v := q.get(name); v != "" {
		return v, nil
	}
	return "", refuse("MissingParameter", "The request must contain the parameter %s", name)
}

// tagsFor collects the tags that a create call orders for one type of resource.
func (q query) tagsFor(resourceType string) Tags {
	tags := Tags{}
	for _, spec := range q.each("TagSpecification") {
		if spec.get("ResourceType") != resourceType {
			continue
		}
		for _, t := range spec.each("Tag") {
			tags[t.get("Key")] = t.get("Value")
		}
	}
	return tags
}
