package stack

import (
	"context"
	"strings"

	"flashmob/infra"
)

// recall finds out from Pulumi's state which cluster it was that the record is lost of; false where the state does not
// say either. region is where to look for settings that the state was opened with, and does not matter for the answer.
func (c Cluster) recall(ctx context.Context, region string, stale *infra.Holder) (infra.Spec, bool) {
	var spec infra.Spec
	stack, err := c.open(ctx, region, stale)
	if err != nil {
		return spec, false
	}
	st, err := readState(ctx, stack)
	if err != nil {
		return spec, false
	}
	for _, r := range st.resources {
		if strings.HasPrefix(string(r.Type), "pulumi:providers:aws") {
			if region, ok := r.Inputs["region"].(string); ok {
				spec.Region = region
			}
		}
		tags, _ := r.Inputs["tags"].(map[string]any)
		if id, ok := tags[infra.TagRun].(string); ok {
			spec.ID = id
			spec.Owner, _ = tags[infra.TagOwner].(string)
		}
	}
	spec.Stack = c.Files.Name()
	return spec.WithDefaults(), spec.ID != "" && spec.Region != ""
}
