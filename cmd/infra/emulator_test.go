package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"flashmob/infra"
	"flashmob/infra/stack"
)

// emulator starts an EC2 that others have written, moto's, and points the AWS SDK of this process and its children at it.
func emulator(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("no moto_server on PATH: no other EC2 to try (pip install 'moto[server]')")
	}
	if _, err := exec.LookPath("pulumi"); err != nil {
		t.Skip("no pulumi command on PATH (make tools CLOUD=sandbox builds one)")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	var said strings.Builder
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		server.Process.Kill() // in vain where it has ended
		<-ended
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // another's program: no event tells
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case err := <-ended:
			ended <- err
			t.Skipf("moto_server does not start here: %v\n%s", err, said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("moto_server does not answer")
		}
	}
	plugins := t.TempDir()
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(plugins, "pulumi-resource-aws"))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://" + address, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"PATH": plugins + ":" + os.Getenv("PATH"), "PULUMI_HOME": t.TempDir(), "PULUMI_BACKEND_URL": "",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	} {
		t.Setenv(name, value)
	}
}

// listed counts what the account lists of flashmob's, by kind.
func listed(t *testing.T) map[infra.Kind]int {
	t.Helper()
	account, err := infra.OpenAccount(t.Context(), "us-west-2")
	if err != nil {
		t.Fatal(err)
	}
	all, err := account.List(t.Context(), infra.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	n := map[infra.Kind]int{}
	for _, r := range all {
		n[r.Kind]++
	}
	return n
}

// The same program, engine, provider and reconciliation, against an EC2 that knows nothing of flashmob.
func TestClusterInAnotherEC2(t *testing.T) {
	emulator(t)
	c := stack.Cluster{Files: infra.Files{Dir: filepath.Join(t.TempDir(), ".flashmob")}}
	spec := infra.Spec{Size: 3, Type: "c5.xlarge", OperatorCIDR: "203.0.113.7/32", Spot: true}
	up := func(spec infra.Spec) infra.Changes {
		t.Helper()
		result, err := c.Up(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return result.Changes
	}
	if preview, err := c.Preview(t.Context(), spec); err != nil || preview.Changes.Create != 12 || len(listed(t)) > 0 {
		t.Fatalf("preview: %+v, %v, and there is %v", preview.Changes, err, listed(t))
	}
	foreign := vpcs(t)
	if made := up(spec); made.Create != 12 {
		t.Errorf("up: %v", made)
	}
	if n := listed(t); n[infra.KindInstance] != 4 || n[infra.KindVolume] != 4 || n[infra.KindVPC] != 1 || n[infra.KindKeyPair] != 1 || n[infra.KindGroup] != 1 {
		t.Errorf("after up the account lists %v", n)
	}
	if again := up(infra.Spec{}); !again.None() {
		t.Errorf("a second up: %v", again)
	}
	if more := up(infra.Spec{Size: 4}); more.Create != 1 || more.Delete+more.Update > 0 {
		t.Errorf("growing: %v", more)
	}
	if less := up(infra.Spec{Size: 2}); less.Delete != 2 || less.Create+less.Update > 0 {
		t.Errorf("shrinking: %v", less)
	}
	down := func() {
		t.Helper()
		receipt, err := c.Down(t.Context(), "us-west-2")
		if err != nil || len(receipt.Left) > 0 || len(listed(t)) > 0 {
			t.Fatalf("down: %v, the account lists %v\n%s", err, listed(t), receipt.Text())
		}
	}
	down()
	up(spec)
	if err := os.RemoveAll(c.Files.State()); err != nil {
		t.Fatal(err)
	}
	down() // by tag
	up(spec)
	if err := os.RemoveAll(c.Files.Dir); err != nil {
		t.Fatal(err)
	}
	down() // without a record, too
	if left := vpcs(t); left != foreign || foreign == 0 {
		t.Errorf("of %d networks that were there before, %d are", foreign, left)
	}
}

// vpcs counts all networks of the account, whoever made them.
func vpcs(t *testing.T) int {
	t.Helper()
	settings, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-west-2"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := ec2.NewFromConfig(settings).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Vpcs)
}
