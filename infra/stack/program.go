package stack

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra"
	"flashmob/inventory"
)

// The cluster's private addresses: one network of its own, never joined to another.
const (
	vpcCIDR    = "10.77.0.0/16"
	subnetCIDR = "10.77.0.0/20"
)

// Program creates a cluster: a network of its own with one public subnet, a key pair, one security group and the
// instances. It exports "hosts", from which Hosts makes the inventory, and "zone".
//
// Hosts that exist keep their image and user data for life, so a second up changes nothing although a newer image came
// out meanwhile.
func Program(spec infra.Spec) pulumi.RunFunc { return program(spec, nil) }

// program tells zones, if any, which zones offer the spec's type, before it creates anything.
func program(spec infra.Spec, zones func([]string)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := create(ctx, spec, zones)
		return err
	}
}

// create registers what the program makes, and returns its output "hosts".
func create(ctx *pulumi.Context, spec infra.Spec, zones func([]string)) (pulumi.Array, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if err := chooseZone(ctx, &spec, zones); err != nil {
		return nil, err
	}
	images, err := findImages(ctx, spec)
	if err != nil {
		return nil, err
	}
	p := &parts{ctx: ctx, spec: spec, images: images}
	if err := p.network(); err != nil {
		return nil, err
	}
	if err := p.access(); err != nil {
		return nil, err
	}
	return p.hosts()
}

// chooseZone takes the first zone that offers the type, unless the spec names one.
func chooseZone(ctx *pulumi.Context, spec *infra.Spec, zones func([]string)) error {
	if spec.Zone != "" {
		return nil
	}
	offered, err := ec2.GetInstanceTypeOfferings(ctx, &ec2.GetInstanceTypeOfferingsArgs{
		LocationType: pulumi.StringRef("availability-zone"),
		Filters:      []ec2.GetInstanceTypeOfferingsFilter{{Name: "instance-type", Values: []string{spec.Type}}},
	})
	if err != nil {
		return fmt.Errorf("find zones with %s: %w", spec.Type, err)
	}
	names := slices.Sorted(slices.Values(offered.Locations))
	if len(names) == 0 {
		return fmt.Errorf("find zones with %s: NoOffering: no zone of %s offers it; near it are %s",
			spec.Type, spec.Region, near(spec.Type))
	}
	if zones != nil {
		zones(names)
	}
	spec.Zone = names[0]
	if i := slices.IndexFunc(spec.Zones, func(z string) bool { return slices.Contains(names, z) }); i >= 0 {
		spec.Zone = spec.Zones[i]
	}
	return nil
}

// parts are the resources made so far.
type parts struct {
	ctx    *pulumi.Context
	spec   infra.Spec
	images map[string]string // what to boot, by architecture
	vpc    *ec2.Vpc
	subnet *ec2.Subnet
	route  []pulumi.Resource // what a host needs to reach the world
	key    *ec2.KeyPair
	group  *ec2.SecurityGroup
}

func (p *parts) tags(name string, more ...string) pulumi.StringMap {
	tags := pulumi.StringMap{"Name": pulumi.String(p.spec.Stack + "-" + name)}
	for k, v := range p.spec.Tags() {
		tags[k] = pulumi.String(v)
	}
	for i := 0; i < len(more); i += 2 {
		tags[more[i]] = pulumi.String(more[i+1])
	}
	return tags
}

func (p *parts) network() error {
	var err error
	p.vpc, err = ec2.NewVpc(p.ctx, "vpc", &ec2.VpcArgs{
		CidrBlock: pulumi.String(vpcCIDR), EnableDnsHostnames: pulumi.Bool(true), Tags: p.tags("vpc"),
	})
	if err != nil {
		return err
	}
	gateway, err := ec2.NewInternetGateway(p.ctx, "gateway", &ec2.InternetGatewayArgs{VpcId: p.vpc.ID(), Tags: p.tags("gateway")})
	if err != nil {
		return err
	}
	// Two subnets with the same addresses cannot stand side by side while one replaces the other.
	p.subnet, err = ec2.NewSubnet(p.ctx, "subnet", &ec2.SubnetArgs{
		VpcId: p.vpc.ID(), CidrBlock: pulumi.String(subnetCIDR), AvailabilityZone: pulumi.String(p.spec.Zone), Tags: p.tags("subnet"),
	}, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return err
	}
	table, err := ec2.NewRouteTable(p.ctx, "routes", &ec2.RouteTableArgs{VpcId: p.vpc.ID(), Tags: p.tags("routes")})
	if err != nil {
		return err
	}
	route, err := ec2.NewRoute(p.ctx, "internet", &ec2.RouteArgs{
		RouteTableId: table.ID(), DestinationCidrBlock: pulumi.String("0.0.0.0/0"), GatewayId: gateway.ID(),
	})
	if err != nil {
		return err
	}
	association, err := ec2.NewRouteTableAssociation(p.ctx, "subnet-routes", &ec2.RouteTableAssociationArgs{
		SubnetId: p.subnet.ID(), RouteTableId: table.ID(),
	})
	p.route = []pulumi.Resource{route, association}
	return err
}

// access is who may connect: the operator's address to port 22, every host of the cluster to every other, nobody else.
func (p *parts) access() error {
	var err error
	p.key, err = ec2.NewKeyPair(p.ctx, "key", &ec2.KeyPairArgs{
		KeyName: pulumi.String("flashmob-" + p.spec.Stack + "-" + p.spec.ID), PublicKey: pulumi.String(p.spec.PublicKey), Tags: p.tags("key"),
	})
	if err != nil {
		return err
	}
	p.group, err = ec2.NewSecurityGroup(p.ctx, "group", &ec2.SecurityGroupArgs{
		Name:        pulumi.String("flashmob-" + p.spec.Stack + "-" + p.spec.ID),
		Description: pulumi.String("flashmob: ssh from the operator, everything among the hosts"),
		VpcId:       p.vpc.ID(),
		Ingress: ec2.SecurityGroupIngressArray{
			ec2.SecurityGroupIngressArgs{
				Description: pulumi.String("ssh from the operator"), Protocol: pulumi.String("tcp"),
				FromPort: pulumi.Int(22), ToPort: pulumi.Int(22), CidrBlocks: pulumi.ToStringArray([]string{p.spec.OperatorCIDR}),
			},
			ec2.SecurityGroupIngressArgs{
				Description: pulumi.String("everything among the hosts"), Protocol: pulumi.String("-1"),
				FromPort: pulumi.Int(0), ToPort: pulumi.Int(0), Self: pulumi.Bool(true),
			},
		},
		Egress: ec2.SecurityGroupEgressArray{
			ec2.SecurityGroupEgressArgs{
				Protocol: pulumi.String("-1"), FromPort: pulumi.Int(0), ToPort: pulumi.Int(0),
				CidrBlocks: pulumi.ToStringArray([]string{"0.0.0.0/0"}),
			},
		},
		Tags: p.tags("group"),
	})
	return err
}

func (p *parts) hosts() (pulumi.Array, error) {
	var out pulumi.Array
	for _, in := range p.spec.Instances() {
		made, err := p.host(in, p.images[in.Arch])
		if err != nil {
			return nil, err
		}
		out = append(out, pulumi.Map{
			"name": pulumi.String(in.Name), "role": pulumi.String(string(in.Role)), "arch": pulumi.String(in.Arch),
			"type": pulumi.String(in.Type), "spot": pulumi.Bool(in.Spot), "hostKey": pulumi.String(p.spec.HostKeys[in.Name].Public),
			"instance": made.ID(), "publicIp": made.PublicIp, "privateIp": made.PrivateIp,
		})
	}
	p.ctx.Export("hosts", out)
	p.ctx.Export("zone", pulumi.String(p.spec.Zone))
	return out, nil
}

func (p *parts) host(in infra.Instance, image string) (*ec2.Instance, error) {
	key, ok := p.spec.HostKeys[in.Name]
	if !ok {
		return nil, fmt.Errorf("create instance %s: no host key", in.Name)
	}
	text := infra.UserData{HostKey: key, TTL: p.spec.TTL, Idle: p.spec.Idle}.String()
	secret, ok := pulumi.ToSecret(pulumi.String(base64.StdEncoding.EncodeToString([]byte(text)))).(pulumi.StringOutput)
	if !ok {
		return nil, errors.New("create instance: a secret string is not a string")
	}
	args := &ec2.InstanceArgs{
		Ami: pulumi.String(image), InstanceType: pulumi.String(in.Type),
		SubnetId: p.subnet.ID(), VpcSecurityGroupIds: pulumi.StringArray{p.group.ID()}, AssociatePublicIpAddress: pulumi.Bool(true),
		KeyName: p.key.KeyName, UserDataBase64: secret, UserDataReplaceOnChange: pulumi.Bool(false),
		InstanceInitiatedShutdownBehavior: pulumi.String("terminate"),
		MetadataOptions: ec2.InstanceMetadataOptionsArgs{
			HttpEndpoint: pulumi.String("enabled"), HttpTokens: pulumi.String("required"), HttpPutResponseHopLimit: pulumi.Int(1),
		},
		RootBlockDevice: ec2.InstanceRootBlockDeviceArgs{
			VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(p.spec.DiskGB),
			Encrypted: pulumi.Bool(true), DeleteOnTermination: pulumi.Bool(true),
		},
		Tags: p.tags(in.Name, infra.TagRole, string(in.Role)),
		// Unlike tags of the root block device, these are set in the same call that makes the volume.
		VolumeTags: p.tags(in.Name, infra.TagRole, string(in.Role)),
	}
	if in.Spot {
		args.InstanceMarketOptions = ec2.InstanceInstanceMarketOptionsArgs{
			MarketType: pulumi.String("spot"),
			SpotOptions: ec2.InstanceInstanceMarketOptionsSpotOptionsArgs{
				SpotInstanceType: pulumi.String("one-time"), InstanceInterruptionBehavior: pulumi.String("terminate"),
			},
		}
	}
	return ec2.NewInstance(p.ctx, in.Name, args, pulumi.DependsOn(p.route),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: p.spec.BootWait.String()}),
		pulumi.IgnoreChanges([]string{"ami", "userData", "userDataBase64"}))
}

// Hosts reads the program's output "hosts".
func Hosts(outputs map[string]any) ([]inventory.Host, []infra.Life, error) {
	list, ok := outputs["hosts"].([]any)
	if !ok {
		return nil, nil, errors.New("read stack outputs: no hosts")
	}
	var hosts []inventory.Host
	var lives []infra.Life
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, nil, fmt.Errorf("read stack outputs: host %v: not a map", item)
		}
		text := func(key string) string {
			if id, ok := m[key].(pulumi.ID); ok { // inside the program
				return string(id)
			}
			s, _ := m[key].(string)
			return s
		}
		spot, _ := m["spot"].(bool)
		role := inventory.Role(text("role"))
		hosts = append(hosts, inventory.Host{
			Name: text("name"), Role: role, Addr: text("publicIp"), PrivateIP: text("privateIp"), User: infra.User,
			Arch: text("arch"), HostKey: text("hostKey"),
		})
		lives = append(lives, infra.Life{
			Host: text("name"), Role: role, Instance: text("instance"), Placement: infra.Placement{Type: text("type"), Spot: spot},
		})
	}
	return hosts, lives, nil
}
