package worker

import "slices"

// Deal says who owns which partition. The initializer makes a new one whenever a worker joins or leaves.
type Deal struct {
	Epoch  int      `json:"epoch"`  // counts up
	Owners []string `json:"owners"` // by partition
	From   []string `json:"from"`   // who has its state and is still there to hand it over; empty for nobody
	Since  []int    `json:"since"`  // the epoch in which those lost it
}

// next returns the deal for workers. Declared keys are dealt round-robin, as cards are; hashed ones in runs of neighbours, so
// that what a worker reads of a delivery lies together. Either way shares differ by one at most. there are those who can
// hand over what they have: workers, and others that are about to leave.
func (d Deal) next(partitions int, workers, there []string, declared bool) Deal {
	n := Deal{
		Epoch: d.Epoch + 1, Owners: make([]string, partitions), From: make([]string, partitions), Since: make([]int, partitions),
	}
	for p := range n.Owners {
		if declared {
			n.Owners[p] = workers[p%len(workers)]
		} else {
			n.Owners[p] = workers[p*len(workers)/partitions]
		}
		if p >= len(d.Owners) || !slices.Contains(there, d.From[p]) {
			continue
		}
		if n.From[p], n.Since[p] = d.From[p], d.Since[p]; d.Owners[p] == d.From[p] {
			n.Since[p] = n.Epoch
		}
	}
	return n
}

// taken notes that a worker has taken up what was dealt to it. Who has not has nothing to hand over when workers come one
// right after the other: whoever is next would wait for it in vain.
func (d Deal) taken(worker string) {
	for _, p := range d.owned(worker) {
		d.From[p] = worker
	}
}

// owned returns the partitions of a worker.
func (d Deal) owned(worker string) (partitions []int) {
	for p, owner := range d.Owners {
		if owner == worker {
			partitions = append(partitions, p)
		}
	}
	return partitions
}
