package worker

import (
	"strings"
	"testing"
)

// Whatever stands in a reference: who follows it looks at subjects of bodies, and at one each.
func FuzzReferences(f *testing.F) {
	for _, ref := range []string{"ABC-1.3", "", ".", "*.1", ">.1", "a.b.1", "a b.1", "a\n.1", "a.-1", "a.99999999999999999999", "ä.1"} {
		f.Add(ref)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		id, n, err := splitRef(ref)
		if err != nil {
			return
		}
		subject := bodyOf(id, n)
		tokens := strings.Split(subject, ".")
		if !strings.HasPrefix(subject, bodySubject+".") || len(tokens) != 4 || strings.ContainsAny(subject, "*> \t\r\n") {
			t.Errorf("%q is at %q", ref, subject)
		}
		if n < 0 {
			t.Errorf("%q: %d segments", ref, n)
		}
	})
}
