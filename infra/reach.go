package infra

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Credentials says which key AWS's own rules find on this machine, and where: "AKIA…XYZ from EnvConfigCredentials".
// No secret is in it.
func Credentials(ctx context.Context) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", fmt.Errorf("find credentials: %w", err)
	}
	found, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return "", fmt.Errorf("find credentials: %w", err)
	}
	id := found.AccessKeyID
	return fmt.Sprintf("%s…%s from %s", id[:min(4, len(id))], id[max(len(id)-3, 0):], found.Source), nil
}

// Reach asks the account one small question, and returns by how much this machine's clock is ahead of the service's.
// The service refuses calls when that is more than five minutes.
func (a *Account) Reach(ctx context.Context) (ahead time.Duration, err error) {
	answer, err := a.client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: Filter{}.filters()})
	if err != nil {
		return 0, fmt.Errorf("reach account in %s: %w", a.region, plain(err))
	}
	theirs, told := middleware.GetServerTime(answer.ResultMetadata)
	ours, ok := middleware.GetResponseAt(answer.ResultMetadata)
	if !told || !ok {
		return 0, nil
	}
	return ours.Sub(theirs), nil
}
