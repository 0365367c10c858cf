package infra

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// One method a kind: all pages, the fields that Resource has.

func (a *Account) instances(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeInstancesPaginator(a.client, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, reservation := range page.Reservations {
			for _, in := range reservation.Instances {
				if in.State != nil && in.State.Name == types.InstanceStateNameTerminated {
					continue
				}
				r := Resource{ID: aws.ToString(in.InstanceId), Tags: tagMap(in.Tags), Launched: aws.ToTime(in.LaunchTime)}
				if in.State != nil {
					r.State = string(in.State.Name)
				}
				r.Placement = &Placement{Type: string(in.InstanceType), Spot: in.InstanceLifecycle == types.InstanceLifecycleTypeSpot}
				all = append(all, r)
			}
		}
	}
	return all, nil
}

func (a *Account) addresses(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	page, err := a.client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	var all []Resource
	for _, x := range page.Addresses {
		all = append(all, Resource{ID: aws.ToString(x.AllocationId), Tags: tagMap(x.Tags), State: aws.ToString(x.PublicIp)})
	}
	return all, nil
}

func (a *Account) volumes(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeVolumesPaginator(a.client, &ec2.DescribeVolumesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Volumes {
			all = append(all, Resource{ID: aws.ToString(x.VolumeId), Tags: tagMap(x.Tags), State: string(x.State)})
		}
	}
	return all, nil
}

func (a *Account) keyPairs(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	page, err := a.client.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	var all []Resource
	for _, x := range page.KeyPairs {
		all = append(all, Resource{ID: aws.ToString(x.KeyPairId), Tags: tagMap(x.Tags), keyName: aws.ToString(x.KeyName)})
	}
	return all, nil
}

func (a *Account) groups(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeSecurityGroupsPaginator(a.client, &ec2.DescribeSecurityGroupsInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.SecurityGroups {
			all = append(all, Resource{ID: aws.ToString(x.GroupId), Tags: tagMap(x.Tags)})
		}
	}
	return all, nil
}

func (a *Account) subnets(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeSubnetsPaginator(a.client, &ec2.DescribeSubnetsInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Subnets {
			all = append(all, Resource{ID: aws.ToString(x.SubnetId), Tags: tagMap(x.Tags)})
		}
	}
	return all, nil
}

func (a *Account) tables(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeRouteTablesPaginator(a.client, &ec2.DescribeRouteTablesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.RouteTables {
			r := Resource{ID: aws.ToString(x.RouteTableId), Tags: tagMap(x.Tags)}
			for _, link := range x.Associations {
				if !aws.ToBool(link.Main) {
					r.associations = append(r.associations, aws.ToString(link.RouteTableAssociationId))
				}
			}
			all = append(all, r)
		}
	}
	return all, nil
}

func (a *Account) gateways(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeInternetGatewaysPaginator(a.client, &ec2.DescribeInternetGatewaysInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.InternetGateways {
			r := Resource{ID: aws.ToString(x.InternetGatewayId), Tags: tagMap(x.Tags)}
			for _, link := range x.Attachments {
				r.vpcs = append(r.vpcs, aws.ToString(link.VpcId))
			}
			all = append(all, r)
		}
	}
	return all, nil
}

func (a *Account) vpcs(ctx context.Context, filters []types.Filter) ([]Resource, error) {
	var all []Resource
	pages := ec2.NewDescribeVpcsPaginator(a.client, &ec2.DescribeVpcsInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Vpcs {
			all = append(all, Resource{ID: aws.ToString(x.VpcId), Tags: tagMap(x.Tags)})
		}
	}
	return all, nil
}
