package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"flashmob/internal/sandbox"
)

func order(t *testing.T, s *sandbox.Sandbox, f sandbox.Fault) {
	t.Helper()
	if err := s.Order(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func errorCode(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func TestAPIErrorStrikesTheCallThatWasOrdered(t *testing.T) {
	s, _ := start(t)
	api := client(s)
	order(t, s, sandbox.Fault{Kind: sandbox.APIError, Action: "Describe*", Skip: 1, Code: "RequestLimitExceeded", Status: 503})
	for n, want := range []string{"", "RequestLimitExceeded", ""} {
		_, err := api.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
		if got := errorCode(err); got != want {
			t.Errorf("call %d: %q, want %q", n, got, want)
		}
	}
}

func TestLostAnswerLeavesTheObject(t *testing.T) {
	s, _ := start(t)
	api := client(s)
	order(t, s, sandbox.Fault{Kind: sandbox.APIError, Action: "CreateVpc", Lost: true})
	if _, err := api.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}); err == nil {
		t.Fatal("the answer came")
	}
	out, err := api.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	if err != nil || len(out.Vpcs) != 1 {
		t.Errorf("%d networks, %v", len(out.Vpcs), err)
	}
}

func TestWhatIsMadeCanBeListedLate(t *testing.T) {
	s, _ := start(t)
	api := client(s)
	order(t, s, sandbox.Fault{Kind: sandbox.Late, Action: "CreateVpc", For: time.Hour})
	made, err := api.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{*made.Vpc.VpcId}
	if out, err := api.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); err != nil || len(out.Vpcs) != 0 {
		t.Errorf("listed at once: %d, %v", len(out.Vpcs), err)
	}
	if _, err := api.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: ids}); errorCode(err) != "InvalidVpcID.NotFound" {
		t.Errorf("described at once: %v", err)
	}
	if _, err := api.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: &ids[0], CidrBlock: aws.String("10.0.0.0/24")}); err != nil {
		t.Errorf("what is not listed cannot be used: %v", err)
	}
	if err := s.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := api.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: ids}); err != nil || len(out.Vpcs) != 1 {
		t.Errorf("never listed: %v", err)
	}
}

func TestOrdersThatCannotWorkAreRefused(t *testing.T) {
	s, _ := start(t)
	for _, f := range []sandbox.Fault{{Kind: "rain"}, {Kind: sandbox.SlowBoot}, {Kind: sandbox.SlowLink}, {Kind: sandbox.Late}} {
		if err := s.Order(t.Context(), f); err == nil || !strings.Contains(err.Error(), string(f.Kind)) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func TestSlowBootAndRefusedSSH(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	order(t, s, sandbox.Fault{Kind: sandbox.SlowBoot, For: time.Second})
	order(t, s, sandbox.Fault{Kind: sandbox.SSHRefused, For: time.Second, Skip: 1})
	began := time.Now()
	slow, deaf := c.launch(""), c.launch("")
	if state := c.instance(slow).State.Name; state != types.InstanceStateNamePending {
		t.Errorf("the slow host is %s", state)
	}
	c.until(deaf, types.InstanceStateNameRunning)
	if _, err := c.tryDial(deaf, c.hosts[deaf]); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("dial the deaf host: %v", err)
	}
	c.dial(slow)
	c.dial(deaf)
	if took := time.Since(began); took < time.Second {
		t.Errorf("both answered after %v", took)
	}
}

func TestPreemptionTakesTheSpotHost(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	steady := c.launch("")
	c.spot = true
	spot := c.launch("")
	c.dial(spot)
	order(t, s, sandbox.Fault{Kind: sandbox.Preempt, Times: -1})
	i := c.until(spot, types.InstanceStateNameTerminated)
	if code := *i.StateReason.Code; code != "Server.SpotInstanceTermination" {
		t.Errorf("reason %s", code)
	}
	c.dial(steady)
}

func TestSlowLinkShapesBothDirections(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	id := c.launch("")
	conn := c.dial(id)
	took := func() time.Duration {
		began := time.Now()
		c.run(conn, "head -c 1000000 /dev/urandom | base64 -w0 | head -c 1000000 >/dev/null; head -c 600000 /dev/zero | tr '\\0' x")
		return time.Since(began)
	}
	order(t, s, sandbox.Fault{Kind: sandbox.SlowLink, Rate: 500_000})
	for deadline := time.Now().Add(5 * time.Second); took() < 600*time.Millisecond; {
		if time.Now().After(deadline) {
			t.Fatal("0.6 MB never took 0.6 s at 0.5 MB/s")
		}
	}
	if err := s.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); took() > 500*time.Millisecond; {
		if time.Now().After(deadline) {
			t.Fatal("the link stays slow")
		}
	}
}

func TestNobodyWithoutTheKeyMayCall(t *testing.T) {
	s, _ := start(t)
	stranger := ec2.New(ec2.Options{Region: s.Region(), BaseEndpoint: aws.String(s.Env()["AWS_ENDPOINT_URL"]),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "x"}, nil
		}), RetryMaxAttempts: 1})
	if _, err := stranger.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); errorCode(err) != "AuthFailure" {
		t.Errorf("a stranger's call: %v", err)
	}
}
