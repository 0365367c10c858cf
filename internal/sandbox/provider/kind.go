package provider

import (
	"context"
)

// kind is one type of resource.
type kind struct {
	// create makes it with in, returns its ID as soon as it exists, and the error if it is not ready.
	create func(ctx context.Context, c *client, in props) (id string, err error)
	// read returns what the cloud says of it; errGone when it does not exist any more.
	read func(ctx context.Context, c *client, id string, state props) (props, error)
	// update brings it from old to in, but for the tags. Nil where only tags can change in place.
	update func(ctx context.Context, c *client, id string, old, in props) error
	// delete removes it; errGone is success.
	delete func(ctx context.Context, c *client, id string, state props) error
	// inPlace are the properties that can change without replacement.
	inPlace []string
	// autoname is the property that gets a name made from the resource's when the program gives none.
	autoname string
	// untagged resources have no tags of their own.
	untagged bool
}

// kinds are the resources that a cluster is made of.
var kinds = map[string]kind{
	"aws:ec2/vpc:Vpc":                                     vpcKind,
	"aws:ec2/subnet:Subnet":                               subnetKind,
	"aws:ec2/internetGateway:InternetGateway":             gatewayKind,
	"aws:ec2/routeTable:RouteTable":                       routeTableKind,
	"aws:ec2/route:Route":                                 routeKind,
	"aws:ec2/routeTableAssociation:RouteTableAssociation": associationKind,
	"aws:ec2/keyPair:KeyPair":                             keyPairKind,
	"aws:ec2/securityGroup:SecurityGroup":                 groupKind,
	"aws:ec2/instance:Instance":                           instanceKind,
}
