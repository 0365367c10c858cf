package infra

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Fate says how an instance has ended, or is ending, in the account's words: "terminated (Spot instance termination)". It is empty
// for one that runs, or will.
func (a *Account) Fate(ctx context.Context, instance string) (string, error) {
	page, err := a.client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{instance}})
	if gone(err) {
		return "not known to the account any more", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up %s in %s: %w", instance, a.region, plain(err))
	}
	for _, reservation := range page.Reservations {
		for _, in := range reservation.Instances {
			if in.State == nil || in.State.Name == types.InstanceStateNameRunning || in.State.Name == types.InstanceStateNamePending {
				return "", nil
			}
			if why := in.StateReason; why != nil && aws.ToString(why.Message) != "" {
				return fmt.Sprintf("%s (%s)", in.State.Name, *why.Message), nil
			}
			return string(in.State.Name), nil
		}
	}
	return "not known to the account any more", nil
}
