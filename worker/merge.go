package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"flashmob/manifest"
)

// mergeStretch is how many bytes of runs are merged into one part of the results, about.
const mergeStretch = 2 << 20

// errOtherMerge says that a merge that was interrupted would end otherwise than it began.
var errOtherMerge = errors.New("the results that are there are of another merge")

// title puts the results' header line in front, where the flow's results have one of their own.
func (in *Initializer) title() error {
	k := in.keyed
	if k == nil || in.Folder.Size() > 0 {
		return nil
	}
	title := k.stages[len(k.stages)-1].Title()
	if title == nil {
		return nil
	}
	return in.gather.add(manifest.Part{Kind: manifest.Title}, append(title, '\n'))
}

// merge merges the runs of all partitions into the results, on all cores, in the order of the results.
func (in *Initializer) merge(ctx context.Context) error {
	if in.keyed == nil || in.keyed.stages[0].OnUpdate() {
		return nil
	}
	k := in.keyed.stages[len(in.keyed.stages)-1]
	var size int
	for _, run := range in.keyed.runs {
		size += len(run)
	}
	stretches, err := k.Split(in.keyed.runs, max(size/mergeStretch, 2*runtime.GOMAXPROCS(0)))
	if err != nil {
		return fmt.Errorf("merge %s: %w", k.Name(), err)
	}
	type merged struct {
		part manifest.Part
		body []byte
	}
	// What an initializer that crashed has merged is in the folder: the same runs make the same parts.
	there := in.Folder.Parts[len(in.Folder.Parts)-mergedIn(in.Folder.Parts):]
	if len(there) > len(stretches) {
		return fmt.Errorf("merge %s: %w", k.Name(), errOtherMerge)
	}
	results := make([]chan merged, len(stretches))
	for i := range results {
		results[i] = make(chan merged, 1)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0) + 1)
	group.Go(func() error {
		for i, result := range results {
			select {
			case m := <-result:
				if i < len(there) {
					if there[i].SHA256 != m.part.SHA256 {
						return fmt.Errorf("merge %s: part %d: %w", k.Name(), i, errOtherMerge)
					}
					continue
				}
				reach("merged")
				if err := in.Folder.Append(m.part, func(f *os.File) ([]byte, error) { return writeHead(f, m.body, m.part.Bytes) }); err != nil {
					return err
				}
				in.announce()
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for i, stretch := range stretches {
		group.Go(func() error {
			packer, err := newPacker(in.Folder.Run.Compress)
			if err != nil {
				return err
			}
			packer.begin(nil)
			rows, err := k.Write(stretch, packer.write)
			if err != nil {
				return fmt.Errorf("merge %s: %w", k.Name(), err)
			}
			m := merged{part: manifest.Part{Kind: manifest.Merged, Input: max(len(in.Folder.Run.Inputs)-1, 0)}}
			m.part.Emitted, m.part.Open = rows, packer.open()
			if m.body, m.part.SHA256, err = packer.end(); err != nil {
				return err
			}
			m.part.Bytes = int64(len(m.body))
			results[i] <- m
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	in.Folder.Summary, err = k.Summary(in.keyed.runs)
	if err != nil {
		return fmt.Errorf("sum up %s: %w", k.Name(), err)
	}
	return nil
}
