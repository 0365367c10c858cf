package provider_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/internal/sandbox"
)

// TestMain lets the test binary be the server, the hosts and the provider too.
func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

// TestEngineMakesChangesAndDestroysACluster runs the real engine: up, up again, a change, refresh, destroy.
func TestEngineMakesChangesAndDestroysACluster(t *testing.T) {
	if _, err := exec.LookPath("pulumi"); err != nil {
		t.Skip("needs the pulumi CLI on PATH")
	}
	if err := sandbox.Check(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	s, err := sandbox.Start(t.Context(), dir, sandbox.Options{Bound: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if left, err := sandbox.Count(dir); err != nil || left != (sandbox.Left{}) {
			t.Errorf("left after destroy and Stop: %v, %v", left, err)
		}
	})
	hosts := 2
	stack := newStack(t, s, func(ctx *pulumi.Context) error { return program(ctx, hosts, s.Operator().String()) })
	ctx := t.Context()

	// Like EC2, it lists nothing at once, and now and then has had enough.
	for _, f := range []sandbox.Fault{
		{Kind: sandbox.Late, For: 300 * time.Millisecond, Times: -1},
		{Kind: sandbox.APIError, Action: "Create*", Code: "RequestLimitExceeded", Status: 503, Skip: 1, Times: 2},
		{Kind: sandbox.APIError, Action: "Describe*", Code: "RequestLimitExceeded", Status: 503, Skip: 2, Times: 2},
	} {
		if err := s.Order(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	up, err := stack.Up(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("up of 2 hosts: %v", time.Since(began))
	faults, err := s.Faults(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if f.Struck < 2 {
			t.Errorf("%s struck %d times: nothing is proven", f.Kind, f.Struck)
		}
	}
	if public, _ := up.Outputs["host-0"].Value.(string); public == "" {
		t.Errorf("no public address in %v", up.Outputs)
	}
	again, err := stack.Up(ctx, optup.ExpectNoChanges())
	if err != nil {
		t.Fatalf("up twice changes something: %v\n%s", err, again.StdOut)
	}
	hosts = 3
	preview, err := stack.Preview(ctx, optpreview.Diff())
	if err != nil {
		t.Fatal(err)
	}
	if n := preview.ChangeSummary["create"]; n != 1 || preview.ChangeSummary["replace"] != 0 {
		t.Errorf("preview of one more host: %v", preview.ChangeSummary)
	}
	if _, err := stack.Up(ctx); err != nil {
		t.Fatal(err)
	}
	refreshed, err := stack.Refresh(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if changes := *refreshed.Summary.ResourceChanges; changes["update"] != 0 || changes["delete"] != 0 {
		t.Errorf("refresh finds drift: %v", changes)
	}
	began = time.Now()
	if _, err := stack.Destroy(ctx, optdestroy.Remove()); err != nil {
		t.Fatal(err)
	}
	t.Logf("destroy of 3 hosts: %v", time.Since(began))
}

// newStack makes a stack whose state and plugins are the test's own.
func newStack(t *testing.T, s *sandbox.Sandbox, run pulumi.RunFunc) auto.Stack {
	t.Helper()
	env := s.Env()
	env["PULUMI_CONFIG_PASSPHRASE"] = "test"
	env["PULUMI_SKIP_UPDATE_CHECK"] = "true"
	env["PULUMI_HOME"] = t.TempDir()
	project := auto.Project(workspace.Project{Name: tokens.PackageName("test"),
		Runtime: workspace.NewProjectRuntimeInfo("go", nil),
		Backend: &workspace.ProjectBackend{URL: "file://" + t.TempDir()}})
	stack, err := auto.UpsertStackInlineSource(t.Context(), "test", "test", run, project, auto.EnvVars(env))
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// program is a cluster in small: every resource and function that the provider knows of and a cluster needs.
func program(ctx *pulumi.Context, hosts int, operator string) error {
	tags := pulumi.StringMap{"run": pulumi.String("test")}
	image, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{
		Name: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"})
	if err != nil {
		return err
	}
	offered, err := ec2.GetInstanceTypeOfferings(ctx, &ec2.GetInstanceTypeOfferingsArgs{
		LocationType: pulumi.StringRef("availability-zone"),
		Filters:      []ec2.GetInstanceTypeOfferingsFilter{{Name: "instance-type", Values: []string{"c7i.large"}}}})
	if err != nil {
		return err
	}
	vpc, err := ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{CidrBlock: pulumi.String("10.77.0.0/16"),
		EnableDnsHostnames: pulumi.Bool(true), Tags: tags})
	if err != nil {
		return err
	}
	gateway, err := ec2.NewInternetGateway(ctx, "gateway", &ec2.InternetGatewayArgs{VpcId: vpc.ID(), Tags: tags})
	if err != nil {
		return err
	}
	subnet, err := ec2.NewSubnet(ctx, "subnet", &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String("10.77.0.0/20"),
		AvailabilityZone: pulumi.String(offered.Locations[0]), Tags: tags})
	if err != nil {
		return err
	}
	table, err := ec2.NewRouteTable(ctx, "routes", &ec2.RouteTableArgs{VpcId: vpc.ID(), Tags: tags})
	if err != nil {
		return err
	}
	if _, err := ec2.NewRoute(ctx, "internet", &ec2.RouteArgs{RouteTableId: table.ID(), GatewayId: gateway.ID(),
		DestinationCidrBlock: pulumi.String("0.0.0.0/0")}); err != nil {
		return err
	}
	if _, err := ec2.NewRouteTableAssociation(ctx, "subnet-routes", &ec2.RouteTableAssociationArgs{SubnetId: subnet.ID(),
		RouteTableId: table.ID()}); err != nil {
		return err
	}
	key, err := ec2.NewKeyPair(ctx, "key", &ec2.KeyPairArgs{Tags: tags, PublicKey: pulumi.String(
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl test")})
	if err != nil {
		return err
	}
	group, err := ec2.NewSecurityGroup(ctx, "group", &ec2.SecurityGroupArgs{VpcId: vpc.ID(), Tags: tags,
		Ingress: ec2.SecurityGroupIngressArray{
			ec2.SecurityGroupIngressArgs{Protocol: pulumi.String("tcp"), FromPort: pulumi.Int(22), ToPort: pulumi.Int(22),
				CidrBlocks: pulumi.StringArray{pulumi.String(operator + "/32")}},
			ec2.SecurityGroupIngressArgs{Protocol: pulumi.String("-1"), FromPort: pulumi.Int(0), ToPort: pulumi.Int(0),
				Self: pulumi.Bool(true)}},
		Egress: ec2.SecurityGroupEgressArray{ec2.SecurityGroupEgressArgs{Protocol: pulumi.String("-1"),
			FromPort: pulumi.Int(0), ToPort: pulumi.Int(0), CidrBlocks: pulumi.StringArray{pulumi.String("0.0.0.0/0")}}}})
	if err != nil {
		return err
	}
	for n := range hosts {
		name := "host-" + string(rune('0'+n))
		host, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{Ami: pulumi.String(image.Value),
			InstanceType: pulumi.String("c7i.large"), SubnetId: subnet.ID(), AssociatePublicIpAddress: pulumi.Bool(true),
			VpcSecurityGroupIds: pulumi.StringArray{group.ID()}, KeyName: key.KeyName,
			UserData:                          pulumi.String("#cloud-config\n"),
			InstanceInitiatedShutdownBehavior: pulumi.String("terminate"),
			MetadataOptions:                   ec2.InstanceMetadataOptionsArgs{HttpTokens: pulumi.String("required")},
			RootBlockDevice: ec2.InstanceRootBlockDeviceArgs{VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(10),
				Encrypted: pulumi.Bool(true)},
			Tags: tags, VolumeTags: tags})
		if err != nil {
			return err
		}
		ctx.Export(name, host.PublicIp)
	}
	return nil
}
