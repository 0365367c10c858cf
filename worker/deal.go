package worker

import "slices"

// Deal says who owns which partition. The initializer makes a new one whenever a worker joins or leaves.
type Deal struct {
	Epoch  int      `json:"epoch"`  // counts up
	Owners []string `json:"owners"` // by partition
	From   []string `json:"from"`   // who owned it before and is still there to hand it over; empty for nobody
}

// next returns the deal for workers. Declared keys are dealt round-robin, as cards are; hashed ones in runs of neighbours, so
// that what a worker reads of a delivery lies together. Either way shares differ by one at most. there are those who can
// hand over what they had: workers, and others that are about to leave.
func (d Deal) next(partitions int, workers, there []string, declared bool) Deal {
	n := Deal{Epoch: d.Epoch + 1, Owners: make([]string, partitions), From: make([]string, partitions)}
	for p := range n.Owners {
		if declared {
			n.Owners[p] = workers[p%len(workers)]
		} else {
			n.Owners[p] = workers[p*len(workers)/partitions]
		}
		if p < len(d.Owners) && d.Owners[p] != n.Owners[p] && slices.Contains(there, d.Owners[p]) {
			n.From[p] = d.Owners[p]
		}
	}
	return n
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
