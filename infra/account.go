package infra

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
)

// Kind is a kind of thing that a cluster is made of.
type Kind string

// The kinds, in the order in which they are deleted.
const (
	KindInstance Kind = "instance"
	KindAddress  Kind = "address"
	KindVolume   Kind = "volume"
	KindKeyPair  Kind = "key-pair"
	KindGroup    Kind = "security-group"
	KindTable    Kind = "route-table"
	KindSubnet   Kind = "subnet"
	KindGateway  Kind = "internet-gateway"
	KindVPC      Kind = "vpc"
)

// Kinds are all kinds, in the order in which they are deleted.
var Kinds = []Kind{KindInstance, KindAddress, KindVolume, KindKeyPair, KindGroup, KindTable, KindSubnet, KindGateway, KindVPC}

// Count says in words how many there are: "3 instances", "1 key pair".
func (k Kind) Count(n int) string {
	words := strings.ReplaceAll(string(k), "-", " ")
	switch {
	case k == KindVPC:
		words = "VPC"
	case k == KindAddress && n != 1:
		words += "e"
	}
	if n != 1 {
		words += "s"
	}
	return fmt.Sprintf("%d %s", n, words)
}

// Resource is one thing that an account lists.
type Resource struct {
	Kind   Kind              `json:"kind"`
	ID     string            `json:"id"`
	Region string            `json:"region"`
	Tags   map[string]string `json:"tags"`
	State  string            `json:"state,omitempty"`
	// For instances only.
	Placement *Placement `json:"placement,omitempty"`
	Launched  time.Time  `json:"launched,omitzero"`

	vpcs         []string // an internet gateway's attachments
	associations []string // a route table's, without the main one
	keyName      string   // a key pair's
}

// Run is the ID of the cluster that the resource belongs to.
func (r Resource) Run() string { return r.Tags[TagRun] }

func (r Resource) String() string {
	s := fmt.Sprintf("%s %s", r.Kind, r.ID)
	if name := r.Tags["Name"]; name != "" {
		s += " " + name
	}
	if r.State != "" {
		s += ", " + r.State
	}
	return fmt.Sprintf("%s, of cluster %s (%s) of %s", s, r.Tags[TagRun], r.Tags[TagStack], r.Tags[TagOwner])
}

// Filter says which resources to list: those whose tags have all the values given. Empty fields match anything that
// flashmob made.
type Filter struct {
	Run   string // the cluster's ID
	Stack string // the cluster's name
	Owner string
}

func (f Filter) filters() []types.Filter {
	var filters []types.Filter
	for _, tag := range []struct{ key, value string }{{TagRun, f.Run}, {TagStack, f.Stack}, {TagOwner, f.Owner}} {
		if tag.value != "" {
			filters = append(filters, filter("tag:"+tag.key, tag.value))
		}
	}
	if len(filters) == 0 {
		filters = append(filters, filter("tag-key", TagRun))
	}
	return filters
}

// matches checks again what the service answered: deleting by tag must not depend on a filter being understood.
func (f Filter) matches(tags map[string]string) bool {
	return tags[TagRun] != "" &&
		(f.Run == "" || f.Run == tags[TagRun]) &&
		(f.Stack == "" || f.Stack == tags[TagStack]) &&
		(f.Owner == "" || f.Owner == tags[TagOwner])
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

// Account is one region of a cloud account, seen through EC2's own API and nobody's memory.
type Account struct {
	client *ec2.Client
	region string
	// pause is how long to wait between two looks. Defaults to a second.
	pause time.Duration
}

// attempts is how often a call is made that the service throttles or fails to answer. Lists and sweeps come in bursts,
// which is what EC2 throttles, and have to end.
const attempts = 8

// OpenAccount finds credentials as every AWS tool does (environment, shared files, instance role) and honours
// AWS_ENDPOINT_URL. It makes no call.
func OpenAccount(ctx context.Context, region string) (*Account, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, fmt.Errorf("open account in %s: %w", region, err)
	}
	if cfg.RetryMaxAttempts == 0 { // nobody asks for another number
		cfg.RetryMaxAttempts = attempts
	}
	return &Account{client: ec2.NewFromConfig(cfg), region: region, pause: time.Second}, nil
}

// List lists what the account has, by kind in the order of deletion. Instances that are terminated are gone, though the
// service lists them for another hour.
func (a *Account) List(ctx context.Context, f Filter) ([]Resource, error) {
	type lister func(context.Context, []types.Filter) ([]Resource, error)
	var all []Resource
	for _, kind := range []struct {
		kind Kind
		list lister
	}{
		{KindInstance, a.instances}, {KindAddress, a.addresses}, {KindVolume, a.volumes}, {KindKeyPair, a.keyPairs},
		{KindGroup, a.groups}, {KindTable, a.tables}, {KindSubnet, a.subnets}, {KindGateway, a.gateways}, {KindVPC, a.vpcs},
	} {
		found, err := kind.list(ctx, f.filters())
		if err != nil {
			return nil, fmt.Errorf("list %s in %s: %w", kind.kind, a.region, plain(err))
		}
		for _, r := range found {
			r.Kind, r.Region = kind.kind, a.region
			if f.matches(r.Tags) {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// plain keeps of the SDK's error what a person can use.
func plain(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("%s: %s%w", api.ErrorCode(), api.ErrorMessage(), hidden{err})
	}
	return err
}

// hidden keeps an error findable without showing it.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// gone reports whether the service says that a thing is not there.
func gone(err error) bool {
	return strings.HasSuffix(code(err), ".NotFound") || code(err) == "Gateway.NotAttached"
}

func tagMap(tags []types.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
