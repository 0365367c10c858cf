package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// client is the cloud as the provider sees it.
type client struct {
	ec2  *ec2.Client
	ssm  *ssm.Client
	tags map[string]string // that every resource gets
}

// errGone is what read and delete return for a resource that does not exist.
var errGone = errors.New("resource does not exist")

// errTerminated is the errGone of an instance that the cloud still lists, as ended.
var errTerminated = fmt.Errorf("%w any more: terminated", errGone)

// appearWait is how long something that was just made may be missing from the cloud's lists.
const appearWait = time.Minute

// whenListed reads a new resource, again for as long as the cloud does not list it yet.
func whenListed[T any](ctx context.Context, read func() (T, error)) (found T, err error) {
	deadline := time.Now().Add(appearWait)
	err = poll(ctx, func() (bool, error) {
		found, err = read()
		unlisted := errors.Is(err, errGone) && !errors.Is(err, errTerminated)
		if unlisted && time.Now().Before(deadline) {
			return false, nil
		}
		return true, err
	})
	return found, err
}

func newClient(ctx context.Context, region string, tags map[string]string) (*client, error) {
	options := []func(*config.LoadOptions) error{config.WithRetryer(retryer)}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("configure provider: %w", err)
	}
	return &client{ec2.NewFromConfig(cfg), ssm.NewFromConfig(cfg), tags}, nil
}

// retryer does not try a refusal for lack of room again: the answer would be the same, and others wait to try elsewhere.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 5
		o.MaxBackoff = 2 * time.Second
		full := retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if code(err) == "InsufficientInstanceCapacity" {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})
		o.Retryables = append([]retry.IsErrorRetryable{full}, o.Retryables...)
	})
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// gone turns the API's word for a missing object into errGone.
func gone(err error) error {
	if c := code(err); strings.HasSuffix(c, ".NotFound") || c == "InvalidGroupId.Malformed" || c == "Gateway.NotAttached" {
		return errGone
	}
	return err
}

// patience is how long a resource that is still in use, or not ready, is waited for.
const patience = 10 * time.Minute

// untilFree calls remove again for as long as something depends on the object.
func untilFree(ctx context.Context, remove func() error) error {
	return poll(ctx, func() (bool, error) {
		err := remove()
		if c := code(err); c == "DependencyViolation" || c == "InvalidGroup.InUse" {
			return false, nil
		}
		return true, gone(err)
	})
}

// poll calls done until it says true or fails, at first often, then every second.
func poll(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not done after %v", patience))
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(pause*5/4, time.Second) {
		finished, err := done()
		if finished || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// one returns the only element, or errGone for none.
func one[T any](list []T, err error) (T, error) {
	var none T
	if err != nil {
		return none, gone(err)
	}
	if len(list) == 0 {
		return none, errGone
	}
	return list[0], nil
}
