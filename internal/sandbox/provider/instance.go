package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var instanceKind = kind{
	inPlace: []string{"vpcSecurityGroupIds", "instanceInitiatedShutdownBehavior", "userDataReplaceOnChange", "volumeTags"},
	create:  createInstance,
	read: func(ctx context.Context, c *client, id string, state props) (props, error) {
		i, err := c.instance(ctx, id)
		if err != nil {
			return nil, err
		}
		return instanceProps(i, state), nil
	},
	update: updateInstance,
	delete: func(ctx context.Context, c *client, id string, _ props) error {
		if _, err := c.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}}); err != nil {
			return gone(err)
		}
		return poll(ctx, func() (bool, error) {
			_, err := c.instance(ctx, id)
			return err != nil, err
		})
	},
}

func createInstance(ctx context.Context, c *client, in props) (string, error) {
	order, err := launch(in)
	if err != nil {
		return "", err
	}
	out, err := c.ec2.RunInstances(ctx, order)
	if err != nil {
		return "", err
	}
	id := aws.ToString(out.Instances[0].InstanceId)
	if _, err := whenListed(ctx, func() (types.Instance, error) { return c.instance(ctx, id) }); err != nil {
		return id, fmt.Errorf("instance %s ended while it started: %w", id, err)
	}
	return id, poll(ctx, func() (bool, error) {
		i, err := c.instance(ctx, id)
		if err != nil {
			return false, fmt.Errorf("instance %s ended while it started: %w", id, err)
		}
		return i.State.Name == types.InstanceStateNameRunning, nil
	})
}

// launch translates an instance's inputs into the order for one.
func launch(in props) (*ec2.RunInstancesInput, error) {
	order := &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ImageId: in.optText("ami"),
		InstanceType: types.InstanceType(in.text("instanceType")), KeyName: in.optText("keyName"),
		InstanceInitiatedShutdownBehavior: types.ShutdownBehavior(in.text("instanceInitiatedShutdownBehavior")),
		TagSpecifications:                 specs(types.ResourceTypeInstance, in.tagMap("tagsAll")),
	}
	volumeTags := in.tagMap("volumeTags")
	maps.Copy(volumeTags, in.sub("rootBlockDevice").tagMap("tags"))
	order.TagSpecifications = append(order.TagSpecifications, specs(types.ResourceTypeVolume, volumeTags)...)
	switch {
	case in.text("userDataBase64") != "":
		if _, err := base64.StdEncoding.DecodeString(in.text("userDataBase64")); err != nil {
			return nil, fmt.Errorf("userDataBase64: %w", err)
		}
		order.UserData = in.optText("userDataBase64")
	case in.text("userData") != "":
		order.UserData = aws.String(base64.StdEncoding.EncodeToString([]byte(in.text("userData"))))
	}
	if public := in.optFlag("associatePublicIpAddress"); public != nil {
		order.NetworkInterfaces = []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0),
			SubnetId: in.optText("subnetId"), Groups: in.texts("vpcSecurityGroupIds"), AssociatePublicIpAddress: public,
			DeleteOnTermination: aws.Bool(true)}}
	} else {
		order.SubnetId, order.SecurityGroupIds = in.optText("subnetId"), in.texts("vpcSecurityGroupIds")
	}
	if zone := in.optText("availabilityZone"); zone != nil {
		order.Placement = &types.Placement{AvailabilityZone: zone}
	}
	if m := in.sub("metadataOptions"); m != nil {
		order.MetadataOptions = &types.InstanceMetadataOptionsRequest{
			HttpTokens: types.HttpTokensState(m.text("httpTokens")), HttpPutResponseHopLimit: m.optInt("httpPutResponseHopLimit"),
			HttpEndpoint: types.InstanceMetadataEndpointState(m.text("httpEndpoint"))}
	}
	if d := in.sub("rootBlockDevice"); d != nil {
		order.BlockDeviceMappings = []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{
			VolumeSize: d.optInt("volumeSize"), VolumeType: types.VolumeType(d.text("volumeType")),
			Encrypted: d.optFlag("encrypted"), DeleteOnTermination: d.optFlag("deleteOnTermination"),
			Iops: d.optInt("iops"), Throughput: d.optInt("throughput")}}}
	}
	if m := in.sub("instanceMarketOptions"); m != nil {
		order.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: types.MarketType(m.text("marketType"))}
		if s := m.sub("spotOptions"); s != nil {
			order.InstanceMarketOptions.SpotOptions = &types.SpotMarketOptions{MaxPrice: s.optText("maxPrice"),
				SpotInstanceType:             types.SpotInstanceType(s.text("spotInstanceType")),
				InstanceInterruptionBehavior: types.InstanceInterruptionBehavior(s.text("instanceInterruptionBehavior"))}
		}
	}
	return order, nil
}

func updateInstance(ctx context.Context, c *client, id string, old, in props) error {
	if s := in.optText("instanceInitiatedShutdownBehavior"); s != nil && *s != old.text("instanceInitiatedShutdownBehavior") {
		if _, err := c.ec2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: &id,
			InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: s}}); err != nil {
			return err
		}
	}
	if groups := in.texts("vpcSecurityGroupIds"); len(groups) > 0 {
		if _, err := c.ec2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: &id,
			Groups: groups}); err != nil {
			return err
		}
	}
	i, err := c.instance(ctx, id)
	if err != nil {
		return err
	}
	for _, d := range i.BlockDeviceMappings {
		if err := c.retag(ctx, aws.ToString(d.Ebs.VolumeId), old.tagMap("volumeTags"), in.tagMap("volumeTags")); err != nil {
			return err
		}
	}
	return nil
}

// instance reads an instance; one that is terminated is gone.
func (c *client) instance(ctx context.Context, id string) (types.Instance, error) {
	out, err := c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return types.Instance{}, gone(err)
	}
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			if i.State != nil && i.State.Name == types.InstanceStateNameTerminated {
				return types.Instance{}, errTerminated
			}
			if i.State != nil {
				return i, nil
			}
		}
	}
	return types.Instance{}, errGone
}

func instanceProps(i types.Instance, state props) props {
	out := props{"ami": aws.ToString(i.ImageId), "instanceType": string(i.InstanceType),
		"instanceState": string(i.State.Name), "publicIp": aws.ToString(i.PublicIpAddress),
		"privateIp": aws.ToString(i.PrivateIpAddress), "publicDns": aws.ToString(i.PublicDnsName),
		"privateDns": aws.ToString(i.PrivateDnsName), "subnetId": aws.ToString(i.SubnetId),
		"keyName": aws.ToString(i.KeyName), "tagsAll": fromTags(i.Tags), "instanceLifecycle": string(i.InstanceLifecycle),
		"spotInstanceRequestId": aws.ToString(i.SpotInstanceRequestId)}
	if i.Placement != nil {
		out["availabilityZone"] = aws.ToString(i.Placement.AvailabilityZone)
	}
	var groups []string
	for _, g := range i.SecurityGroups {
		groups = append(groups, aws.ToString(g.GroupId))
	}
	out["vpcSecurityGroupIds"] = anys(groups)
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs != nil {
			out["rootBlockDevice"] = map[string]any(state.sub("rootBlockDevice").with(props{
				"volumeId": aws.ToString(d.Ebs.VolumeId), "deviceName": aws.ToString(d.DeviceName)}))
		}
	}
	if len(i.NetworkInterfaces) > 0 {
		out["primaryNetworkInterfaceId"] = aws.ToString(i.NetworkInterfaces[0].NetworkInterfaceId)
	}
	return out
}
