package stack

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra"
)

// releases are the Ubuntu LTS releases to boot, the newest that the region publishes first.
var releases = []string{"26.04", "24.04"}

// findImage is the AMI of the newest Ubuntu LTS for an architecture, from the public parameters that Canonical keeps.
func findImage(ctx *pulumi.Context, spec infra.Spec, arch string) (string, error) {
	if spec.AMI != "" {
		return spec.AMI, nil
	}
	var errs []error
	for _, release := range releases {
		name := fmt.Sprintf("/aws/service/canonical/ubuntu/server/%s/stable/current/%s/hvm/ebs-gp3/ami-id", release, arch)
		found, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: name})
		if err == nil && found.Value != "" {
			return found.Value, nil
		}
		errs = append(errs, fmt.Errorf("find image %s: %w", name, err))
	}
	return "", errors.Join(errs...)
}
