package provider

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var vpcKind = kind{
	inPlace: []string{"enableDnsHostnames", "enableDnsSupport"},
	create: func(ctx context.Context, c *client, in props) (string, error) {
		out, err := c.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: in.optText("cidrBlock"),
			TagSpecifications: specs(types.ResourceTypeVpc, in.tagMap("tagsAll"))})
		if err != nil {
			return "", err
		}
		return *out.Vpc.VpcId, vpcAttributes(ctx, c, *out.Vpc.VpcId, in)
	},
	read: func(ctx context.Context, c *client, id string, _ props) (props, error) {
		out, err := c.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
		if err != nil {
			return nil, gone(err)
		}
		v, err := one(out.Vpcs, nil)
		if err != nil {
			return nil, err
		}
		return props{"cidrBlock": aws.ToString(v.CidrBlock), "ownerId": aws.ToString(v.OwnerId),
			"tagsAll": fromTags(v.Tags)}, nil
	},
	update: func(ctx context.Context, c *client, id string, _, in props) error {
		return vpcAttributes(ctx, c, id, in)
	},
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		return untilFree(ctx, func() error {
			_, err := c.ec2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &id})
			return err
		})
	},
}

// vpcAttributes sets what CreateVpc cannot; the API takes one attribute a call.
func vpcAttributes(ctx context.Context, c *client, id string, in props) error {
	if b := in.optFlag("enableDnsSupport"); b != nil {
		if _, err := c.ec2.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &id,
			EnableDnsSupport: &types.AttributeBooleanValue{Value: b}}); err != nil {
			return err
		}
	}
	if b := in.optFlag("enableDnsHostnames"); b != nil {
		if _, err := c.ec2.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &id,
			EnableDnsHostnames: &types.AttributeBooleanValue{Value: b}}); err != nil {
			return err
		}
	}
	return nil
}

var subnetKind = kind{
	inPlace: []string{"mapPublicIpOnLaunch"},
	create: func(ctx context.Context, c *client, in props) (string, error) {
		out, err := c.ec2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: in.optText("vpcId"),
			CidrBlock: in.optText("cidrBlock"), AvailabilityZone: in.optText("availabilityZone"),
			TagSpecifications: specs(types.ResourceTypeSubnet, in.tagMap("tagsAll"))})
		if err != nil {
			return "", err
		}
		return *out.Subnet.SubnetId, subnetAttributes(ctx, c, *out.Subnet.SubnetId, in)
	},
	read: func(ctx context.Context, c *client, id string, _ props) (props, error) {
		out, err := c.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{id}})
		if err != nil {
			return nil, gone(err)
		}
		s, err := one(out.Subnets, nil)
		if err != nil {
			return nil, err
		}
		return props{"availabilityZone": aws.ToString(s.AvailabilityZone), "vpcId": aws.ToString(s.VpcId),
			"cidrBlock": aws.ToString(s.CidrBlock), "availabilityZoneId": aws.ToString(s.AvailabilityZoneId),
			"arn": aws.ToString(s.SubnetArn), "tagsAll": fromTags(s.Tags)}, nil
	},
	update: func(ctx context.Context, c *client, id string, _, in props) error {
		return subnetAttributes(ctx, c, id, in)
	},
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		return untilFree(ctx, func() error {
			_, err := c.ec2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &id})
			return err
		})
	},
}

func subnetAttributes(ctx context.Context, c *client, id string, in props) error {
	b := in.optFlag("mapPublicIpOnLaunch")
	if b == nil {
		return nil
	}
	_, err := c.ec2.ModifySubnetAttribute(ctx, &ec2.ModifySubnetAttributeInput{SubnetId: &id,
		MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: b}})
	return err
}

var gatewayKind = kind{
	create: func(ctx context.Context, c *client, in props) (string, error) {
		out, err := c.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{
			TagSpecifications: specs(types.ResourceTypeInternetGateway, in.tagMap("tagsAll"))})
		if err != nil {
			return "", err
		}
		id := *out.InternetGateway.InternetGatewayId
		if in.text("vpcId") == "" {
			return id, nil
		}
		_, err = c.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &id,
			VpcId: in.optText("vpcId")})
		return id, err
	},
	read: func(ctx context.Context, c *client, id string, _ props) (props, error) {
		out, err := c.ec2.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{InternetGatewayIds: []string{id}})
		if err != nil {
			return nil, gone(err)
		}
		g, err := one(out.InternetGateways, nil)
		if err != nil {
			return nil, err
		}
		read := props{"ownerId": aws.ToString(g.OwnerId), "tagsAll": fromTags(g.Tags)}
		if len(g.Attachments) > 0 {
			read["vpcId"] = aws.ToString(g.Attachments[0].VpcId)
		}
		return read, nil
	},
	delete: func(ctx context.Context, c *client, id string, state props) error {
		if vpc := state.optText("vpcId"); vpc != nil {
			err := untilFree(ctx, func() error {
				_, err := c.ec2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &id, VpcId: vpc})
				return err
			})
			if err != nil && !errors.Is(err, errGone) {
				return err
			}
		}
		return untilFree(ctx, func() error {
			_, err := c.ec2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &id})
			return err
		})
	},
}
