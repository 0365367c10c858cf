package provider

import (
	"context"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// A key pair's Pulumi ID is its name, as in the real provider.
var keyPairKind = kind{
	autoname: "keyName",
	create: func(ctx context.Context, c *client, in props) (string, error) {
		_, err := c.ec2.ImportKeyPair(ctx, &ec2.ImportKeyPairInput{KeyName: in.optText("keyName"),
			PublicKeyMaterial: []byte(in.text("publicKey")),
			TagSpecifications: specs(types.ResourceTypeKeyPair, in.tagMap("tagsAll"))})
		if err != nil {
			return "", err
		}
		return in.text("keyName"), nil
	},
	read: func(ctx context.Context, c *client, id string, _ props) (props, error) {
		k, err := c.keyPair(ctx, id)
		if err != nil {
			return nil, err
		}
		return props{"keyName": id, "keyPairId": aws.ToString(k.KeyPairId), "fingerprint": aws.ToString(k.KeyFingerprint),
			"keyType": string(k.KeyType), "tagsAll": fromTags(k.Tags)}, nil
	},
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		_, err := c.ec2.DeleteKeyPair(ctx, &ec2.DeleteKeyPairInput{KeyName: &id})
		return gone(err)
	},
}

func (c *client) keyPair(ctx context.Context, name string) (types.KeyPairInfo, error) {
	out, err := c.ec2.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyNames: []string{name}})
	if err != nil {
		return types.KeyPairInfo{}, gone(err)
	}
	return one(out.KeyPairs, nil)
}

var groupKind = kind{
	autoname: "name",
	inPlace:  []string{"ingress", "egress"},
	create: func(ctx context.Context, c *client, in props) (string, error) {
		description := in.text("description")
		if description == "" {
			description = "Managed by Pulumi" // the API wants one
		}
		out, err := c.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: in.optText("name"),
			Description: &description, VpcId: in.optText("vpcId"),
			TagSpecifications: specs(types.ResourceTypeSecurityGroup, in.tagMap("tagsAll"))})
		if err != nil {
			return "", err
		}
		// A new group lets everything out. The program's rules are all there is.
		everything := props{"egress": []any{map[string]any{"protocol": "-1", "cidrBlocks": []any{"0.0.0.0/0"}}}}
		return *out.GroupId, c.setRules(ctx, *out.GroupId, everything, in)
	},
	read: func(ctx context.Context, c *client, id string, _ props) (props, error) {
		out, err := c.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
		if err != nil {
			return nil, gone(err)
		}
		g, err := one(out.SecurityGroups, nil)
		if err != nil {
			return nil, err
		}
		return props{"name": aws.ToString(g.GroupName), "description": aws.ToString(g.Description),
			"vpcId": aws.ToString(g.VpcId), "ownerId": aws.ToString(g.OwnerId), "arn": aws.ToString(g.SecurityGroupArn),
			"tagsAll": fromTags(g.Tags)}, nil
	},
	update: func(ctx context.Context, c *client, id string, old, in props) error {
		return c.setRules(ctx, id, old, in)
	},
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		return untilFree(ctx, func() error {
			_, err := c.ec2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
			return err
		})
	},
}

// setRules replaces the rules of old by those of in, in the directions where they differ.
func (c *client) setRules(ctx context.Context, id string, old, in props) error {
	if before, after := rules(id, old["egress"]), rules(id, in["egress"]); !reflect.DeepEqual(before, after) {
		if len(before) > 0 {
			if _, err := c.ec2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &id,
				IpPermissions: before}); err != nil {
				return err
			}
		}
		if len(after) > 0 {
			if _, err := c.ec2.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &id,
				IpPermissions: after}); err != nil {
				return err
			}
		}
	}
	if before, after := rules(id, old["ingress"]), rules(id, in["ingress"]); !reflect.DeepEqual(before, after) {
		if len(before) > 0 {
			if _, err := c.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &id,
				IpPermissions: before}); err != nil {
				return err
			}
		}
		if len(after) > 0 {
			if _, err := c.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &id,
				IpPermissions: after}); err != nil {
				return err
			}
		}
	}
	return nil
}

// rules translates inline rules; self is the group's own ID.
func rules(self string, list any) []types.IpPermission {
	var out []types.IpPermission
	for _, r := range (props{"rules": list}).each("rules") {
		p := types.IpPermission{IpProtocol: r.optText("protocol"), FromPort: r.optInt("fromPort"), ToPort: r.optInt("toPort")}
		if r.text("protocol") == "-1" || r.text("protocol") == "all" {
			p.IpProtocol, p.FromPort, p.ToPort = aws.String("-1"), nil, nil
		}
		for _, cidr := range r.texts("cidrBlocks") {
			p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(cidr), Description: r.optText("description")})
		}
		for _, cidr := range r.texts("ipv6CidrBlocks") {
			p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(cidr), Description: r.optText("description")})
		}
		groups := r.texts("securityGroups")
		if r.flag("self") {
			groups = append(groups, self)
		}
		for _, id := range groups {
			p.UserIdGroupPairs = append(p.UserIdGroupPairs, types.UserIdGroupPair{GroupId: aws.String(id),
				Description: r.optText("description")})
		}
		out = append(out, p)
	}
	return out
}
