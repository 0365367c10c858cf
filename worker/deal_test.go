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

// A new deal says who has a partition's state to hand over, since when: not one who is gone.
func TestDealNamesFormerOwners(t *testing.T) {
	d := Deal{}.next(4, []string{"a", "b"}, []string{"a", "b"}, false)
	d.taken("a")
	d.taken("b")
	grown := d.next(4, []string{"a", "b", "c", "d"}, []string{"a", "b", "c", "d"}, false)
	if want := []string{"a", "a", "b", "b"}; !slices.Equal(grown.From, want) || grown.Since[1] != grown.Epoch {
		t.Errorf("grown: from %v since %v, want %v", grown.From, grown.Since, want)
	}
	shrunk := grown.next(4, []string{"a"}, []string{"a"}, false)
	if want := []string{"a", "a", "", ""}; !slices.Equal(shrunk.From, want) {
		t.Errorf("shrunk: from %v, want %v: the others are gone", shrunk.From, want)
	}
	if grown.Epoch <= d.Epoch || shrunk.Epoch <= grown.Epoch {
		t.Error("epochs do not count up")
	}
}

// Who has not taken up what was dealt to it has nothing to hand over: those before it have, since they lost it.
func TestDealPassesOverThoseWhoHaveNothingYet(t *testing.T) {
	d := Deal{}.next(2, []string{"a"}, []string{"a"}, false)
	d = d.next(2, []string{"b"}, []string{"a", "b"}, false)
	if want := []string{"", ""}; !slices.Equal(d.From, want) {
		t.Errorf("from %v, want %v: nobody has any state", d.From, want)
	}
	d.taken("b")
	lost := d.next(2, []string{"c"}, []string{"a", "b", "c"}, false)
	again := lost.next(2, []string{"a"}, []string{"a", "b", "c"}, false)
	if want := []string{"b", "b"}; !slices.Equal(again.From, want) || again.Since[0] != lost.Epoch {
		t.Errorf("from %v since %v, want %v since %d", again.From, again.Since, want, lost.Epoch)
	}
	back := again.next(2, []string{"b"}, []string{"b"}, false)
	on := back.next(2, []string{"c"}, []string{"b", "c"}, false)
	if want := []string{"b", "b"}; !slices.Equal(on.From, want) || on.Since[0] != on.Epoch {
		t.Errorf("from %v since %v, want %v since %d", on.From, on.Since, want, on.Epoch)
	}
}

// Who is about to leave gets nothing, and hands over what it has.
func TestDealTakesFromThoseWhoLeave(t *testing.T) {
	d := Deal{}.next(4, []string{"a", "b"}, []string{"a", "b"}, true)
	d.taken("a")
	d.taken("b")
	d = d.next(4, []string{"a"}, []string{"a", "b"}, true)
	if want := []string{"a", "b", "a", "b"}; !slices.Equal(d.From, want) || len(d.owned("b")) > 0 {
		t.Errorf("from %v, want %v; owners %v", d.From, want, d.Owners)
	}
}
