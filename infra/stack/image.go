package stack

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra"
)

// releases are the Ubuntu LTS releases to boot, the newest that the region publishes first.
var releases = []string{"26.04", "24.04"}

// canonical is the account that publishes Ubuntu's images, everywhere.
const canonical = "099720109477"

// findImages are the images to boot, by architecture. It makes nothing.
func findImages(ctx *pulumi.Context, spec infra.Spec) (map[string]string, error) {
	images := map[string]string{}
	for _, in := range spec.Instances() {
		if images[in.Arch] != "" {
			continue
		}
		image, err := findImage(ctx, spec, in.Arch)
		if err != nil {
			return nil, err
		}
		images[in.Arch] = image
	}
	return images, nil
}

// findImage is the AMI of the newest Ubuntu LTS for an architecture, from the public parameters that Canonical keeps.
// Where there are none (not every EC2-shaped cloud has them), it is the one built last of the LTS images that
// Canonical's account lists.
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
	listed, err := ec2.LookupAmi(ctx, &ec2.LookupAmiArgs{
		Owners: []string{canonical}, MostRecent: pulumi.BoolRef(true), NameRegex: pulumi.StringRef(`-\d[02468]\.04-`),
		Filters: []ec2.GetAmiFilter{{Name: "name", Values: []string{"ubuntu/images/hvm-ssd*/ubuntu-*-" + arch + "-server-*"}}},
	})
	if err == nil {
		return listed.Id, nil
	}
	errs = append(errs, fmt.Errorf("find image of Ubuntu for %s: %w", arch, err))
	return "", errors.Join(errs...)
}
