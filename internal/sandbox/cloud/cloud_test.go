package cloud_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"flashmob/internal/sandbox/cloud"
)

// machines stands in for hosts: they run until they are killed.
type machines struct {
	mu      sync.Mutex
	running map[string]func(bool)
	wired   map[string]string
	refuse  error
}

func (m *machines) Start(c cloud.Machine, gone func(bool)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[c.ID], m.wired[c.ID] = gone, c.Ruleset
	return m.refuse
}

func (m *machines) Adopt(id string, gone func(bool)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, runs := m.running[id]
	if runs {
		m.running[id] = gone
	}
	return runs
}

func (m *machines) Wire(id, ruleset string, _ int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wired[id] = ruleset
	return nil
}

func (m *machines) Kill(id string) { go m.end(id, false) }

func (m *machines) end(id string, poweredOff bool) {
	m.mu.Lock()
	gone := m.running[id]
	delete(m.running, id)
	m.mu.Unlock()
	if gone != nil {
		gone(poweredOff)
	}
}

type account struct {
	*ec2.Client
	t     *testing.T
	cloud *cloud.Cloud
	hosts *machines
	url   string
	dir   string
}

// open serves an account through the real SDK, without hosts.
func open(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, hosts: &machines{running: map[string]func(bool){}, wired: map[string]string{}}, dir: t.TempDir()}
	a.reopen()
	return a
}

// reopen is a restart of the server.
func (a *account) reopen() {
	a.t.Helper()
	c, err := cloud.Open(cloud.Config{Dir: a.dir, Public: netip.MustParsePrefix("198.18.7.0/24"), Machines: a.hosts})
	if err != nil {
		a.t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	a.t.Cleanup(func() { server.Close(); c.Close() })
	a.cloud, a.url = c, server.URL
	a.Client = ec2.New(ec2.Options{Region: "us-west-2", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
}

func (a *account) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) wantCode(what string, err error, want string) {
	a.t.Helper()
	got := ""
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		got = e.ErrorCode()
	}
	if got != want || want == "" && err != nil {
		a.t.Errorf("%s: %v, want code %q", what, err, want)
	}
}

func tagged(kind types.ResourceType, name string) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: kind, Tags: []types.Tag{
		{Key: aws.String("Name"), Value: aws.String(name)}, {Key: aws.String("run"), Value: aws.String("r1")}}}}
}

// network makes a VPC with a subnet and a group, and returns their IDs.
func (a *account) network() (vpc, subnet, group string) {
	a.t.Helper()
	ctx := context.Background()
	v, err := a.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), TagSpecifications: tagged(types.ResourceTypeVpc, "net")})
	a.must(err)
	s, err := a.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: v.Vpc.VpcId, CidrBlock: aws.String("10.0.1.0/24"), AvailabilityZone: aws.String("us-west-2b")})
	a.must(err)
	g, err := a.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: v.Vpc.VpcId, GroupName: aws.String("g"), Description: aws.String("d")})
	a.must(err)
	return *v.Vpc.VpcId, *s.Subnet.SubnetId, *g.GroupId
}

func launch(subnet, group string) *ec2.RunInstancesInput {
	return &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ImageId: aws.String("ami-0a000000000002404"),
		InstanceType: types.InstanceTypeC7iLarge, UserData: aws.String(base64.StdEncoding.EncodeToString([]byte("#cloud-config\n"))),
		InstanceInitiatedShutdownBehavior: types.ShutdownBehaviorTerminate,
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), SubnetId: &subnet,
			Groups: []string{group}, AssociatePublicIpAddress: aws.Bool(true)}},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{
			VolumeSize: aws.Int32(20), Encrypted: aws.Bool(true), VolumeType: types.VolumeTypeGp3}}},
		TagSpecifications: append(tagged(types.ResourceTypeInstance, "worker-1"), tagged(types.ResourceTypeVolume, "worker-1")...)}
}

func (a *account) state(id string) types.Instance {
	a.t.Helper()
	out, err := a.DescribeInstances(context.Background(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	a.must(err)
	return out.Reservations[0].Instances[0]
}

func (a *account) until(id string, state types.InstanceStateName) types.Instance {
	a.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if i := a.state(id); i.State.Name == state {
			return i
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("%s never became %s", id, state)
		}
	}
}

func TestInstanceLivesAndIsListedByTag(t *testing.T) {
	a, ctx := open(t), t.Context()
	_, subnet, group := a.network()
	out, err := a.RunInstances(ctx, launch(subnet, group))
	a.must(err)
	id := *out.Instances[0].InstanceId
	i := a.until(id, types.InstanceStateNameRunning)
	if *i.PrivateIpAddress != "10.0.1.4" || *i.PublicIpAddress != "198.18.7.2" || *i.Placement.AvailabilityZone != "us-west-2b" {
		t.Errorf("addresses %s %s in %s", *i.PrivateIpAddress, *i.PublicIpAddress, *i.Placement.AvailabilityZone)
	}
	filters := []types.Filter{{Name: aws.String("tag:run"), Values: []string{"r?"}},
		{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}}}
	listed, err := a.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
	a.must(err)
	volumes, err := a.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: filters[:1]})
	a.must(err)
	if len(listed.Reservations) != 1 || len(volumes.Volumes) != 1 || *volumes.Volumes[0].Size != 20 || !*volumes.Volumes[0].Encrypted {
		t.Errorf("listed by tag: %v, %v", listed.Reservations, volumes.Volumes)
	}
	_, err = a.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("mood"), Values: []string{"good"}}}})
	a.wantCode("filter that nobody knows", err, "InvalidParameterValue")
	a.hosts.end(id, true)
	i = a.until(id, types.InstanceStateNameTerminated)
	if *i.StateReason.Code != "Client.InstanceInitiatedShutdown" || i.PublicIpAddress != nil {
		t.Errorf("ended: %+v", i.StateReason)
	}
	volumes, err = a.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
	a.must(err)
	if len(volumes.Volumes) != 0 {
		t.Error("the disk outlives its instance")
	}
}

func TestShutdownBehaviourStopKeepsTheInstanceAndItsDisk(t *testing.T) {
	a := open(t)
	_, subnet, group := a.network()
	in := launch(subnet, group)
	in.InstanceInitiatedShutdownBehavior = ""
	out, err := a.RunInstances(t.Context(), in)
	a.must(err)
	id := *out.Instances[0].InstanceId
	a.until(id, types.InstanceStateNameRunning)
	a.hosts.end(id, true)
	a.until(id, types.InstanceStateNameStopped)
	_, err = a.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
	a.must(err)
	a.until(id, types.InstanceStateNameTerminated)
}

func TestSameTokenLaunchesOnce(t *testing.T) {
	a := open(t)
	_, subnet, group := a.network()
	in := launch(subnet, group)
	in.ClientToken = aws.String("once")
	first, err := a.RunInstances(t.Context(), in)
	a.must(err)
	second, err := a.RunInstances(t.Context(), in)
	a.must(err)
	if *first.Instances[0].InstanceId != *second.Instances[0].InstanceId {
		t.Error("the same token launched twice")
	}
}

func TestWhatIsInUseIsNotDeleted(t *testing.T) {
	a, ctx := open(t), t.Context()
	vpc, subnet, group := a.network()
	gateway, err := a.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	a.must(err)
	igw := gateway.InternetGateway.InternetGatewayId
	_, err = a.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: igw, VpcId: &vpc})
	a.must(err)
	table, err := a.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &vpc})
	a.must(err)
	rtb := table.RouteTable.RouteTableId
	_, err = a.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: rtb, GatewayId: igw, DestinationCidrBlock: aws.String("0.0.0.0/0")})
	a.must(err)
	association, err := a.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: rtb, SubnetId: &subnet})
	a.must(err)
	out, err := a.RunInstances(ctx, launch(subnet, group))
	a.must(err)
	id := *out.Instances[0].InstanceId

	deletions := []struct {
		what string
		do   func() error
	}{
		{"group", func() error {
			_, err := a.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &group})
			return err
		}},
		{"subnet", func() error { _, err := a.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet}); return err }},
		{"detach", func() error {
			_, err := a.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: igw, VpcId: &vpc})
			return err
		}},
		{"gateway", func() error {
			_, err := a.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: igw})
			return err
		}},
		{"route table", func() error {
			_, err := a.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: rtb})
			return err
		}},
		{"vpc", func() error { _, err := a.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &vpc}); return err }},
	}
	for _, d := range deletions {
		a.wantCode(d.what, d.do(), "DependencyViolation")
	}
	_, err = a.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
	a.must(err)
	a.until(id, types.InstanceStateNameTerminated)
	_, err = a.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: association.AssociationId})
	a.must(err)
	for _, d := range deletions {
		a.wantCode(d.what, d.do(), "")
	}
	if n := a.cloud.Objects(); n != 0 {
		t.Errorf("%d objects left", n)
	}
}

func TestRestartKeepsEverythingThatWasAcknowledged(t *testing.T) {
	a, ctx := open(t), t.Context()
	_, subnet, group := a.network()
	kept, err := a.RunInstances(ctx, launch(subnet, group))
	a.must(err)
	lost, err := a.RunInstances(ctx, launch(subnet, group))
	a.must(err)
	a.until(*kept.Instances[0].InstanceId, types.InstanceStateNameRunning)
	a.until(*lost.Instances[0].InstanceId, types.InstanceStateNameRunning)
	before := a.cloud.Objects()
	a.cloud.Close()
	a.hosts.end(*lost.Instances[0].InstanceId, false)
	a.reopen()
	a.until(*kept.Instances[0].InstanceId, types.InstanceStateNameRunning)
	a.until(*lost.Instances[0].InstanceId, types.InstanceStateNameTerminated)
	if after := a.cloud.Objects(); after != before-2 { // the lost instance and its disk
		t.Errorf("%d objects, before %d", after, before)
	}
}

func TestCapacityFaultClimbsOff(t *testing.T) {
	a := open(t)
	_, subnet, group := a.network()
	a.must(a.cloud.Order(cloud.Fault{Kind: cloud.Capacity, Zone: "us-west-2b", Type: "c7i.*", Times: 2}))
	for n, want := range []string{"InsufficientInstanceCapacity", "InsufficientInstanceCapacity", ""} {
		_, err := a.RunInstances(t.Context(), launch(subnet, group))
		a.wantCode("launch "+string(rune('1'+n)), err, want)
	}
	yes := true
	a.must(a.cloud.Order(cloud.Fault{Kind: cloud.Capacity, Spot: &yes, Times: -1, Code: "MaxSpotInstanceCountExceeded"}))
	spot := launch(subnet, group)
	spot.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot}
	_, err := a.RunInstances(t.Context(), spot)
	a.wantCode("spot", err, "MaxSpotInstanceCountExceeded")
	_, err = a.RunInstances(t.Context(), launch(subnet, group))
	a.wantCode("on demand", err, "")
}

func TestFailedBootIsToldWithItsReason(t *testing.T) {
	a := open(t)
	a.hosts.refuse = errors.New("no more veth")
	_, subnet, group := a.network()
	out, err := a.RunInstances(t.Context(), launch(subnet, group))
	a.must(err)
	i := a.until(*out.Instances[0].InstanceId, types.InstanceStateNameTerminated)
	if *i.StateReason.Message != "no more veth" {
		t.Errorf("reason %q", *i.StateReason.Message)
	}
}

func TestTagsCanBeAddedAndTaken(t *testing.T) {
	a, ctx := open(t), t.Context()
	vpc, _, _ := a.network()
	_, err := a.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{vpc}, Tags: []types.Tag{{Key: aws.String("owner"), Value: aws.String("<me> & you")}}})
	a.must(err)
	_, err = a.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{vpc}, Tags: []types.Tag{{Key: aws.String("run")}}})
	a.must(err)
	out, err := a.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: aws.String("resource-id"), Values: []string{vpc}}}})
	a.must(err)
	var got []string
	for _, tag := range out.Tags {
		got = append(got, *tag.Key+"="+*tag.Value)
	}
	if !slices.Equal(got, []string{"Name=net", "owner=<me> & you"}) {
		t.Errorf("tags %q", got)
	}
}

func TestOfferingsImagesAndZones(t *testing.T) {
	a, ctx := open(t), t.Context()
	offered, err := a.DescribeInstanceTypeOfferings(ctx, &ec2.DescribeInstanceTypeOfferingsInput{LocationType: types.LocationTypeAvailabilityZone,
		Filters: []types.Filter{{Name: aws.String("instance-type"), Values: []string{"c7g.4xlarge"}}}})
	a.must(err)
	zones, err := a.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	a.must(err)
	if len(offered.InstanceTypeOfferings) != 3 || len(zones.AvailabilityZones) != 3 {
		t.Errorf("%d offerings, %d zones", len(offered.InstanceTypeOfferings), len(zones.AvailabilityZones))
	}
	sized, err := a.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{"c7g.4xlarge"}})
	a.must(err)
	if i := sized.InstanceTypes[0]; *i.VCpuInfo.DefaultVCpus != 16 || i.ProcessorInfo.SupportedArchitectures[0] != "arm64" {
		t.Errorf("c7g.4xlarge: %+v", i)
	}
	parameters := ssm.New(ssm.Options{Region: "us-west-2", BaseEndpoint: &a.url, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
	p, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id")})
	a.must(err)
	found, err := a.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{*p.Parameter.Value}})
	a.must(err)
	if found.Images[0].Architecture != types.ArchitectureValuesArm64 {
		t.Errorf("image %+v", found.Images[0])
	}
	_, err = parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/aws/service/none")})
	a.wantCode("unknown parameter", err, "ParameterNotFound")
}

func TestRulesetFollowsTheGroupsMembers(t *testing.T) {
	a, ctx := open(t), t.Context()
	_, subnet, group := a.network()
	_, err := a.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: []types.IpPermission{
		{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), IpRanges: []types.IpRange{{CidrIp: aws.String("198.18.7.1/32")}}},
		{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &group}}}}})
	a.must(err)
	first, err := a.RunInstances(ctx, launch(subnet, group))
	a.must(err)
	id := *first.Instances[0].InstanceId
	a.until(id, types.InstanceStateNameRunning)
	_, err = a.RunInstances(ctx, launch(subnet, group))
	a.must(err)
	set := "sg_" + group[3:]
	want := "table inet groups\ndelete table inet groups\ntable inet groups {\n\tset " + set + " {\n\t\ttype ipv4_addr\n" +
		"\t\telements = { 10.0.1.4, 10.0.1.5 }\n\t}\n" +
		"\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t\tiif lo accept\n" +
		"\t\tct state established,related accept\n\t\tip saddr 198.18.7.1/32 tcp dport 22-22 accept\n\t\tip saddr @" + set + " accept\n\t}\n" +
		"\tchain output {\n\t\ttype filter hook output priority 0; policy drop;\n\t\toif lo accept\n" +
		"\t\tct state established,related accept\n\t\taccept\n\t}\n}\n"
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		a.hosts.mu.Lock()
		got := a.hosts.wired[id]
		a.hosts.mu.Unlock()
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("ruleset:\n%s\nwant:\n%s", got, want)
		}
	}
}

func TestPreemptionWaitsItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &machines{running: map[string]func(bool){}, wired: map[string]string{}}
		c, err := cloud.Open(cloud.Config{Dir: t.TempDir(), Public: netip.MustParsePrefix("198.18.7.0/24"), Machines: hosts})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Order(cloud.Fault{Kind: cloud.Preempt, After: time.Hour}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour) // nothing to take: the order waits for a launch
		if f := c.Ordered()[0]; f.Struck != 0 {
			t.Errorf("struck %d times without a host", f.Struck)
		}
	})
}
