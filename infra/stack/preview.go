package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"

	"flashmob/infra"
)

// Preview is what Up would do and what the cluster would cost; it makes nothing but its own files.
func (c Cluster) Preview(ctx context.Context, spec infra.Spec) (result infra.PreviewResult, err error) {
	err = c.hold("preview", func(_ infra.Holder, stale *infra.Holder) error {
		result, err = c.preview(ctx, spec, stale)
		return err
	})
	return result, err
}

func (c Cluster) preview(ctx context.Context, spec infra.Spec, stale *infra.Holder) (infra.PreviewResult, error) {
	old, err := c.record()
	if err != nil {
		return infra.PreviewResult{}, err
	}
	spec.Stack = c.Files.Name()
	if spec, err = old.Continue(spec); err != nil {
		return infra.PreviewResult{}, err
	}
	if spec, err = c.Files.Keys(spec); err != nil {
		return infra.PreviewResult{}, err
	}
	stack, err := c.open(ctx, spec.Region, stale)
	if err != nil {
		return infra.PreviewResult{}, err
	}
	stack.Workspace().SetProgram(Program(spec))
	w := watch(nil)
	_, err = stack.Preview(ctx, optpreview.EventStreams(w.events))
	w.close()
	if err != nil {
		return infra.PreviewResult{}, fmt.Errorf("preview cluster %s: %w", spec.Stack, w.err(err))
	}
	result := infra.PreviewResult{Spec: spec, Changes: changes(w.counts), Resources: w.planned, PriceNote: c.prices().In(spec.Region).Note(time.Now())}
	if result.Hourly, err = c.prices().Hourly(spec); err != nil {
		result.Unpriced = err.Error()
	}
	return result, nil
}
