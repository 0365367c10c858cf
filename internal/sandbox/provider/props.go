package provider

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"google.golang.org/protobuf/types/known/structpb"
)

// props are a resource's properties as Pulumi's wire format has them: strings, float64s, bools, lists and maps.
type props map[string]any

func fromStruct(s *structpb.Struct) props {
	if s == nil {
		return props{}
	}
	return s.AsMap()
}

func (p props) toStruct() (*structpb.Struct, error) {
	s, err := structpb.NewStruct(p)
	if err != nil {
		return nil, fmt.Errorf("marshal properties: %w", err)
	}
	return s, nil
}

// with returns p with more set over it. Nil values are left out.
func (p props) with(more props) props {
	out := maps.Clone(p)
	if out == nil {
		out = props{}
	}
	for k, v := range more {
		if v != nil {
			out[k] = v
		}
	}
	return out
}

func (p props) text(key string) string { s, _ := p[key].(string); return s }

func (p props) flag(key string) bool { b, _ := p[key].(bool); return b }

// optText is nil for a property that is missing or empty, as the SDK wants it.
func (p props) optText(key string) *string {
	if s := p.text(key); s != "" {
		return &s
	}
	return nil
}

func (p props) optFlag(key string) *bool {
	if b, given := p[key].(bool); given {
		return &b
	}
	return nil
}

func (p props) optInt(key string) *int32 {
	if f, given := p[key].(float64); given {
		return aws.Int32(int32(f))
	}
	return nil
}

func (p props) texts(key string) []string {
	list, _ := p[key].([]any)
	var out []string
	for _, v := range list {
		if s, isText := v.(string); isText {
			out = append(out, s)
		}
	}
	return out
}

func (p props) each(key string) []props {
	list, _ := p[key].([]any)
	var out []props
	for _, v := range list {
		if m, isMap := v.(map[string]any); isMap {
			out = append(out, m)
		}
	}
	return out
}

func (p props) sub(key string) props { m, _ := p[key].(map[string]any); return m }

// tagMap reads the map of tags under key.
func (p props) tagMap(key string) map[string]string {
	out := map[string]string{}
	for k, v := range p.sub(key) {
		if s, isText := v.(string); isText {
			out[k] = s
		}
	}
	return out
}

func toTags(m map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(m[k])})
	}
	return out
}

func fromTags(tags []types.Tag) map[string]any {
	out := map[string]any{}
	for _, t := range tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// specs orders tags for what a create call makes; none gives no specification, which the API would refuse.
func specs(kind types.ResourceType, tags map[string]string) []types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	return []types.TagSpecification{{ResourceType: kind, Tags: toTags(tags)}}
}

// anys turns a list into the form that the wire format takes.
func anys[T any](list []T) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		out = append(out, v)
	}
	return out
}
