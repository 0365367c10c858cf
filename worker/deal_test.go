package worker

import (
	"slices"
	"testing"
)

func TestDealSpreadsEvenly(t *testing.T) {
	crew := []string{"a", "b", "c", "d", "e"}
	for _, declared := range []bool{true, false} {
		for n := 1; n <= len(crew); n++ {
			d := Deal{}.next(26, crew[:n], crew[:n], declared)
			least, most := 26, 0
			for _, name := range crew[:n] {
				share := len(d.owned(name))
				least, most = min(least, share), max(most, share)
			}
			if most-least > 1 || least == 0 {
				t.Errorf("%d workers, declared %t: shares from %d to %d", n, declared, least, most)
			}
		}
	}
}

func TestDealDealsDeclaredKeysAsCards(t *testing.T) {
	d := Deal{}.next(5, []string{"a", "b"}, []string{"a", "b"}, true)
	if want := []string{"a", "b", "a", "b", "a"}; !slices.Equal(d.Owners, want) {
		t.Errorf("owners %v, want %v", d.Owners, want)
	}
}

func TestDealKeepsHashedNeighboursTogether(t *testing.T) {
	d := Deal{}.next(6, []string{"a", "b"}, []string{"a", "b"}, false)
	if want := []string{"a", "a", "a", "b", "b", "b"}; !slices.Equal(d.Owners, want) {
		t.Errorf("owners %v, want %v", d.Owners, want)
	}
}

// A new deal says who has a partition to hand over: not the one who keeps it, nor one who is gone.
func TestDealNamesFormerOwners(t *testing.T) {
	d := Deal{}.next(4, []string{"a", "b"}, []string{"a", "b"}, false)
	grown := d.next(4, []string{"a", "b", "c", "d"}, []string{"a", "b", "c", "d"}, false)
	if want := []string{"", "a", "b", "b"}; !slices.Equal(grown.From, want) {
		t.Errorf("grown: from %v, want %v", grown.From, want)
	}
	shrunk := grown.next(4, []string{"a"}, []string{"a"}, false)
	if want := []string{"", "", "", ""}; !slices.Equal(shrunk.From, want) {
		t.Errorf("shrunk: from %v, want %v: the others are gone", shrunk.From, want)
	}
	if grown.Epoch <= d.Epoch || shrunk.Epoch <= grown.Epoch {
		t.Error("epochs do not count up")
	}
}

// Who is about to leave gets nothing, and hands over what it has.
func TestDealTakesFromThoseWhoLeave(t *testing.T) {
	d := Deal{}.next(4, []string{"a", "b"}, []string{"a", "b"}, true)
	d = d.next(4, []string{"a"}, []string{"a", "b"}, true)
	if want := []string{"", "b", "", "b"}; !slices.Equal(d.From, want) || len(d.owned("b")) > 0 {
		t.Errorf("from %v, want %v; owners %v", d.From, want, d.Owners)
	}
}
