package infra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Sweep deletes resources, kind by kind in the order in which they can go: instances first, and waited for, the network
// last. What is gone already counts as deleted. It goes on after an error, so that one stuck thing does not keep the
// rest alive, and returns all errors. notify, if any, is called before each deletion.
func (a *Account) Sweep(ctx context.Context, resources []Resource, notify func(Resource)) error {
	var errs []error
	var deadline time.Time // for all that waits for something else to go
	for _, kind := range Kinds {
		var batch []Resource
		for _, r := range resources {
			if r.Kind == kind {
				batch = append(batch, r)
				if notify != nil {
					notify(r)
				}
			}
		}
		if len(batch) == 0 {
			continue
		}
		if kind == KindInstance {
			errs = append(errs, a.terminate(ctx, batch))
			continue
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(freeWait)
		}
		for _, r := range batch {
			if err := a.deleteWhenFree(ctx, r, deadline); err != nil {
				errs = append(errs, fmt.Errorf("delete %s %s: %w", r.Kind, r.ID, plain(err)))
			}
		}
	}
	return errors.Join(errs...)
}

// terminateWait is how long instances may take to end; they shut down in order first.
const terminateWait = 5 * time.Minute

// terminate ends instances and waits until they hold nothing any more.
func (a *Account) terminate(ctx context.Context, batch []Resource) error {
	var errs []error
	var ids []string
	for _, r := range batch {
		_, err := a.client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{r.ID}})
		if err != nil && !gone(err) {
			errs = append(errs, fmt.Errorf("terminate instance %s: %w", r.ID, plain(err)))
			continue
		}
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 {
		return errors.Join(errs...)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, terminateWait, fmt.Errorf("not terminated after %v", terminateWait))
	defer cancel()
	for {
		living, err := a.instances(ctx, Filter{}.filters())
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("wait for instances to end: %w", plain(err)))...)
		}
		living = slices.DeleteFunc(living, func(r Resource) bool { return !slices.Contains(ids, r.ID) })
		if len(living) == 0 {
			return errors.Join(errs...)
		}
		if err := a.sleep(ctx); err != nil {
			return errors.Join(append(errs, fmt.Errorf("wait for instance %s to end: %w", living[0].ID, err))...)
		}
	}
}

// freeWait is how long something may stay in use after what used it was deleted.
const freeWait = 90 * time.Second

// inUse are the codes that mean "later": something that was deleted a moment ago still holds the thing.
var inUse = []string{"DependencyViolation", "VolumeInUse", "InvalidIPAddress.InUse", "InvalidAddress.Locked", "RequestLimitExceeded"}

func (a *Account) deleteWhenFree(ctx context.Context, r Resource, deadline time.Time) error {
	for {
		err := a.delete(ctx, r)
		if err == nil || gone(err) {
			return nil
		}
		if !slices.Contains(inUse, code(err)) || time.Now().After(deadline) || a.sleep(ctx) != nil {
			return err
		}
	}
}

func (a *Account) delete(ctx context.Context, r Resource) error {
	id := aws.String(r.ID)
	var err error
	switch r.Kind {
	case KindAddress:
		_, err = a.client.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: id})
	case KindVolume:
		_, err = a.client.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: id})
	case KindKeyPair:
		which := &ec2.DeleteKeyPairInput{KeyName: aws.String(r.keyName)} // not every EC2 deletes by ID
		if r.keyName == "" {
			which = &ec2.DeleteKeyPairInput{KeyPairId: id}
		}
		_, err = a.client.DeleteKeyPair(ctx, which)
	case KindGroup:
		_, err = a.client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: id})
	case KindSubnet:
		_, err = a.client.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: id})
	case KindTable:
		for _, link := range r.associations {
			_, err = a.client.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: aws.String(link)})
			if err != nil && !gone(err) {
				return err
			}
		}
		_, err = a.client.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: id})
	case KindGateway:
		for _, vpc := range r.vpcs {
			_, err = a.client.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: id, VpcId: aws.String(vpc)})
			if err != nil && !gone(err) {
				return err
			}
		}
		_, err = a.client.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: id})
	case KindVPC:
		_, err = a.client.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: id})
	default:
		err = fmt.Errorf("no way to delete a %s", r.Kind)
	}
	return err
}

func (a *Account) sleep(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(a.pause):
		return nil
	}
}

// Settle lists until nothing is left or the time is over, since what was deleted stays listed for a moment; it returns
// what is left.
func (a *Account) Settle(ctx context.Context, f Filter, wait time.Duration) ([]Resource, error) {
	deadline := time.Now().Add(wait)
	for {
		left, err := a.List(ctx, f)
		if err != nil || len(left) == 0 || time.Now().After(deadline) {
			return left, err
		}
		if err := a.sleep(ctx); err != nil {
			return left, err
		}
	}
}
