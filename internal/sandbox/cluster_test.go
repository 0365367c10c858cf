package sandbox_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/crypto/ssh"

	"flashmob/internal/sandbox"
)

// start starts a sandbox that ends with the test, and proves that it has.
func start(t *testing.T) (*sandbox.Sandbox, string) {
	t.Helper()
	if err := sandbox.Check(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	s, err := sandbox.Start(t.Context(), dir, sandbox.Options{Bound: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
		left := count(t, dir)
		left.Objects = 0 // the account is the test's own business
		if left != (sandbox.Left{}) {
			t.Errorf("left after Stop: %v", left)
		}
	})
	return s, dir
}

func count(t *testing.T, dir string) sandbox.Left {
	t.Helper()
	left, err := sandbox.Count(dir)
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// client is the real SDK, pointed at the sandbox by the same variables that Env exports.
func client(s *sandbox.Sandbox) *ec2.Client {
	env := s.Env()
	return ec2.New(ec2.Options{Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials:      credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
		RetryMaxAttempts: 1})
}

// cluster is a network with a group, a key and the means to launch hosts into it.
type cluster struct {
	t      testing.TB
	api    *ec2.Client
	signer ssh.Signer
	vpc    string
	subnet string
	group  string
	hosts  map[string]ssh.PublicKey // pinned, by instance
	spot   bool
}

const cidrAll = "0.0.0.0/0"

// newCluster makes a network whose hosts the operator reaches on port 22 and each other on every port.
func newCluster(t testing.TB, s *sandbox.Sandbox) *cluster {
	t.Helper()
	c := &cluster{t: t, api: client(s), signer: newSigner(t), hosts: map[string]ssh.PublicKey{}}
	ctx := t.Context()
	vpc, err := c.api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.77.0.0/16")})
	c.must(err)
	c.vpc = *vpc.Vpc.VpcId
	subnet, err := c.api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &c.vpc, CidrBlock: aws.String("10.77.0.0/20")})
	c.must(err)
	c.subnet = *subnet.Subnet.SubnetId
	group, err := c.api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &c.vpc,
		GroupName: aws.String("cluster"), Description: aws.String("test")})
	c.must(err)
	c.group = *group.GroupId
	_, err = c.api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &c.group,
		IpPermissions: []types.IpPermission{
			{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
				IpRanges: []types.IpRange{{CidrIp: aws.String(s.Operator().String() + "/32")}}},
			{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &c.group}}},
		}})
	c.must(err)
	_, err = c.api.ImportKeyPair(ctx, &ec2.ImportKeyPairInput{KeyName: aws.String("key"),
		PublicKeyMaterial: ssh.MarshalAuthorizedKey(c.signer.PublicKey())})
	c.must(err)
	return c
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// launch starts a host whose host key is pinned; more is added to its cloud-config.
func (c *cluster) launch(more string) string {
	c.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	c.must(err)
	block, err := ssh.MarshalPrivateKey(private, "")
	c.must(err)
	key, err := ssh.NewPublicKey(public)
	c.must(err)
	indented := strings.ReplaceAll(string(pem.EncodeToMemory(block)), "\n", "\n    ")
	data := fmt.Sprintf("#cloud-config\nssh_keys:\n  ed25519_private: |\n    %s\n  ed25519_public: %s%s",
		indented, ssh.MarshalAuthorizedKey(key), more)
	in := &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		ImageId: aws.String("ami-0a000000000002404"), InstanceType: types.InstanceTypeC7iLarge, KeyName: aws.String("key"),
		UserData:                          aws.String(base64.StdEncoding.EncodeToString([]byte(data))),
		InstanceInitiatedShutdownBehavior: types.ShutdownBehaviorTerminate,
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), SubnetId: &c.subnet,
			Groups: []string{c.group}, AssociatePublicIpAddress: aws.Bool(true)}}}
	if c.spot {
		in.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot}
	}
	out, err := c.api.RunInstances(c.t.Context(), in)
	c.must(err)
	id := *out.Instances[0].InstanceId
	c.hosts[id] = key
	return id
}

func (c *cluster) instance(id string) types.Instance {
	c.t.Helper()
	out, err := c.api.DescribeInstances(c.t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	c.must(err)
	return out.Reservations[0].Instances[0]
}

// until waits for an instance's state.
func (c *cluster) until(id string, state types.InstanceStateName) types.Instance {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		i := c.instance(id)
		if i.State.Name == state {
			return i
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s is %s, not %s", id, i.State.Name, state)
		}
	}
}

// dial logs in with the pinned host key, again and again while the host boots.
func (c *cluster) dial(id string) *ssh.Client {
	c.t.Helper()
	// Before the host has its address, packets to it are lost and a connect takes a second to try again.
	c.until(id, types.InstanceStateNameRunning)
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var conn *ssh.Client
		if conn, err = c.tryDial(id, c.hosts[id]); err == nil {
			c.t.Cleanup(func() { conn.Close() })
			return conn
		}
		if strings.Contains(err.Error(), "host key") {
			break
		}
	}
	c.t.Fatalf("dial %s: %v", id, err)
	return nil
}

func (c *cluster) tryDial(id string, pinned ssh.PublicKey) (*ssh.Client, error) {
	address := aws.ToString(c.instance(id).PublicIpAddress) + ":22"
	return ssh.Dial("tcp", address, &ssh.ClientConfig{User: "ubuntu", Auth: []ssh.AuthMethod{ssh.PublicKeys(c.signer)},
		HostKeyCallback: ssh.FixedHostKey(pinned), HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, Timeout: time.Second})
}

// run runs a command on a host and returns what it says.
func (c *cluster) run(conn *ssh.Client, command string) string {
	c.t.Helper()
	out, err := output(conn, command)
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return strings.TrimSpace(out)
}

func output(conn *ssh.Client, command string) (string, error) {
	session, err := conn.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	b, err := session.CombinedOutput(command)
	return string(b), err
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
