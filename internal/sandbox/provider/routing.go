package provider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var routeTableKind = kind{
	create: func(ctx context.Context, c *client, in props) (string, error) {
		out, err := c.ec2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: in.optText("vpcId"),
			TagSpecifications: specs(types.ResourceTypeRouteTable, in.tagMap("tagsAll"))})
		if err != nil {
			return "", err
		}
		id := out.RouteTable.RouteTableId
		for _, r := range in.each("routes") {
			if _, err := c.ec2.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: id,
				DestinationCidrBlock: r.optText("cidrBlock"), GatewayId: r.optText("gatewayId")}); err != nil {
				return *id, err
			}
		}
		return *id, nil
	},
	read: func(ctx context.Context, c *client, id string, _ props) (props, error) {
		t, err := c.routeTable(ctx, id)
		if err != nil {
			return nil, err
		}
		return props{"vpcId": aws.ToString(t.VpcId), "ownerId": aws.ToString(t.OwnerId), "tagsAll": fromTags(t.Tags)}, nil
	},
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		return untilFree(ctx, func() error {
			_, err := c.ec2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &id})
			return err
		})
	},
}

func (c *client) routeTable(ctx context.Context, id string) (types.RouteTable, error) {
	out, err := c.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{id}})
	if err != nil {
		return types.RouteTable{}, gone(err)
	}
	return one(out.RouteTables, nil)
}

// A route's ID is its table's and its destination: the API has none for it.
var routeKind = kind{
	untagged: true,
	create: func(ctx context.Context, c *client, in props) (string, error) {
		_, err := c.ec2.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: in.optText("routeTableId"),
			DestinationCidrBlock: in.optText("destinationCidrBlock"), GatewayId: in.optText("gatewayId")})
		if err != nil {
			return "", err
		}
		return "r-" + in.text("routeTableId") + "-" + in.text("destinationCidrBlock"), nil
	},
	read: func(ctx context.Context, c *client, _ string, state props) (props, error) {
		t, err := c.routeTable(ctx, state.text("routeTableId"))
		if err != nil {
			return nil, err
		}
		for _, r := range t.Routes {
			if aws.ToString(r.DestinationCidrBlock) == state.text("destinationCidrBlock") {
				return props{"gatewayId": aws.ToString(r.GatewayId), "origin": string(r.Origin), "state": string(r.State)}, nil
			}
		}
		return nil, errGone
	},
	delete: func(ctx context.Context, c *client, _ string, state props) error {
		_, err := c.ec2.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: state.optText("routeTableId"),
			DestinationCidrBlock: state.optText("destinationCidrBlock")})
		return gone(err)
	},
}

var associationKind = kind{
	untagged: true,
	create: func(ctx context.Context, c *client, in props) (string, error) {
		out, err := c.ec2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{SubnetId: in.optText("subnetId"),
			RouteTableId: in.optText("routeTableId")})
		if err != nil {
			return "", err
		}
		return *out.AssociationId, nil
	},
	read: func(ctx context.Context, c *client, id string, state props) (props, error) {
		t, err := c.routeTable(ctx, state.text("routeTableId"))
		if err != nil {
			return nil, err
		}
		for _, a := range t.Associations {
			if aws.ToString(a.RouteTableAssociationId) == id {
				return props{"subnetId": aws.ToString(a.SubnetId), "routeTableId": aws.ToString(a.RouteTableId)}, nil
			}
		}
		return nil, errGone
	},
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		_, err := c.ec2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: &id})
		return gone(err)
	},
}
