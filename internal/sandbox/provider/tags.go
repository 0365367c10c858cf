package provider

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// tagsAll is the output that joins the provider's tags and the resource's own.
func (c *client) tagsAll(k kind, in props) props {
	if k.untagged {
		return nil
	}
	all := map[string]any{}
	for key, v := range c.tags {
		all[key] = v
	}
	for key, v := range in.tagMap("tags") {
		all[key] = v
	}
	return props{"tagsAll": all}
}

// retag brings an object's tags from old to in.
func (c *client) retag(ctx context.Context, id string, old, in map[string]string) error {
	lost := map[string]string{}
	for k, v := range old {
		if _, kept := in[k]; !kept {
			lost[k] = v
		}
	}
	if len(lost) > 0 {
		if _, err := c.ec2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: toTags(lost)}); err != nil {
			return err
		}
	}
	if maps.Equal(old, in) || len(in) == 0 {
		return nil
	}
	_, err := c.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: toTags(in)})
	return err
}
