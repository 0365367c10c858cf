package flow

import "fmt"

// applyKeyed runs a flow with keyed stages over one batch, data, with so many partitions, by the same steps in which
// owners of partitions and the gatherer do it.
func (f *Flow) applyKeyed(data []byte, limits Limits, write func([]byte) error) (Tally, []Reject, error) {
	pass := f.NewPass(limits)
	pass.Begin()
	if err := pass.Run(data, func([]byte) error { return nil }); err != nil {
		return Tally{}, nil, err
	}
	segments := pass.Entries(nil)
	last := f.keyed[len(f.keyed)-1]
	if title := last.Title(); title != nil {
		if err := write(append(append([]byte{}, title...), '\n')); err != nil {
			return Tally{}, nil, err
		}
	}
	var states []*State
	var outputs [][]byte
	for i, k := range f.keyed {
		if i > 0 {
			segments = nil
			for _, s := range states {
				var err error
				if segments, err = s.Forward(k, limits.Partitions, segments); err != nil {
					return Tally{}, nil, err
				}
			}
		}
		states, outputs = nil, nil
		for partition, segment := range segments {
			s := k.NewState(partition, len(segments))
			out, err := s.Apply(segment, nil)
			if err != nil {
				return Tally{}, nil, err
			}
			states, outputs = append(states, s), append(outputs, out)
		}
	}
	tally, rejects := pass.End()
	if last.OnUpdate() {
		return tally, rejects, MergeUpdates(outputs, write)
	}
	return tally, rejects, last.results(states, write)
}

// results writes what the states of all partitions come to.
func (k *Keyed) results(states []*State, write func([]byte) error) error {
	var runs [][]byte
	for _, s := range states {
		runs = append(runs, s.Run(nil))
	}
	stretches, err := k.Split(runs, len(runs))
	if err != nil {
		return err
	}
	for _, stretch := range stretches {
		if _, err := k.Write(stretch, write); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
