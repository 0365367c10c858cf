package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"flashmob/infra/infratest"
)

// The test binary is also the provider plugin and the language host (under their names), the program of cmd/infra, and an
// operator to be killed (asked by OPERATOR).
func TestMain(m *testing.M) {
	switch {
	case filepath.Base(os.Args[0]) == "pulumi-resource-aws":
		servePlugin()
	case filepath.Base(os.Args[0]) == "pulumi-language-go":
		serveLanguage(os.Args[len(os.Args)-1])
	case os.Getenv(pulumi.EnvMonitor) != "":
		pulumi.Run(Configured)
	case filepath.Base(os.Args[0]) == "infra":
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
	case os.Getenv("OPERATOR") != "":
		operate(os.Getenv("OPERATOR"))
	default:
		os.Exit(m.Run())
	}
}

// A plugin is the provider "aws" over an infratest.Cloud.
type plugin struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func servePlugin() {
	// An engine that is killed takes its plugin with it, as the operating system's own clean-up would have it.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, plugin{})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(server.Serve(listener))
}

func (plugin) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "6.83.2"}, nil
}

func (plugin) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

func (plugin) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (plugin) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{}, nil
}

func (plugin) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (plugin) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

// Diff replaces a subnet in another zone and an instance of another type or in another subnet; the rest is changed in
// place.
func (plugin) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	ignored := map[string]bool{}
	for _, name := range r.IgnoreChanges {
		ignored[name] = true
	}
	olds, news := r.OldInputs.AsMap(), r.News.AsMap()
	diff := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for name := range news {
		if ignored[name] || reflect.DeepEqual(olds[name], news[name]) {
			continue
		}
		diff.Changes = pulumirpc.DiffResponse_DIFF_SOME
		diff.Diffs = append(diff.Diffs, name)
		if name == "availabilityZone" || name == "subnetId" || name == "instanceType" {
			diff.Replaces = append(diff.Replaces, name)
		}
	}
	return diff, nil
}

func (plugin) Update(_ context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return &pulumirpc.UpdateResponse{Properties: r.News}, nil
}

var kinds = map[string]string{
	"Instance": "instance", "Vpc": "vpc", "Subnet": "subnet", "SecurityGroup": "security-group", "KeyPair": "key-pair",
	"InternetGateway": "internet-gateway", "RouteTable": "route-table",
}

func (plugin) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	typ := r.Type[strings.LastIndex(r.Type, ":")+1:]
	in := r.Properties.AsMap()
	text := func(name string) string { s, _ := in[name].(string); return s }
	if kinds[typ] == "" {
		return &pulumirpc.CreateResponse{Id: typ + "-" + text("routeTableId"), Properties: r.Properties}, nil
	}
	thing := infratest.Thing{Kind: kinds[typ], Tags: map[string]string{}, Type: text("instanceType"), Spot: in["instanceMarketOptions"] != nil, Zone: text("availabilityZone")}
	tags, _ := in["tags"].(map[string]any)
	for k, v := range tags {
		thing.Tags[k], _ = v.(string)
	}
	for _, name := range []string{"vpcId", "subnetId"} {
		if text(name) != "" {
			thing.Uses = append(thing.Uses, text(name))
		}
	}
	body, _ := json.Marshal(thing)
	answer, err := http.Post(os.Getenv("AWS_ENDPOINT_URL")+"/create", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	reply, err := io.ReadAll(answer.Body)
	hangs := answer.StatusCode == http.StatusAccepted
	if err != nil || answer.StatusCode != http.StatusOK && !hangs {
		return nil, errors.Join(err, errors.New(strings.TrimSpace(string(reply))))
	}
	id := string(reply)
	if typ == "KeyPair" {
		in["keyPairId"] = id
	}
	if typ == "Instance" {
		in["publicIp"], in["privateIp"] = "203.0.113."+id[len(id)-2:], "10.77.0."+id[len(id)-2:]
	}
	out, err := structpb.NewStruct(in)
	if err == nil && hangs { // as the real one says it when the time for it is over
		why := fmt.Sprintf("waiting for EC2 Instance (%s) create: timeout while waiting for state to become 'running' (last state: 'pending', timeout: %gs)", id, r.Timeout)
		return nil, rpcerror.WithDetails(rpcerror.New(codes.Unknown, why), &pulumirpc.ErrorResourceInitFailed{
			Id: id, Properties: out, Reasons: []string{why}, Inputs: r.Properties})
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, err
}

func (plugin) Read(_ context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if strings.Contains(r.Urn, "routeTableAssociation") || strings.Contains(r.Urn, "route:Route") {
		return &pulumirpc.ReadResponse{Id: r.Id, Properties: r.Properties, Inputs: r.Inputs}, nil
	}
	answer, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + "/read?id=" + url.QueryEscape(r.Id))
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return &pulumirpc.ReadResponse{}, nil
	}
	return &pulumirpc.ReadResponse{Id: r.Id, Properties: r.Properties, Inputs: r.Inputs}, nil
}

// Delete tries again for as long as the thing is in use, as the real provider does, which goes on for many minutes.
func (p plugin) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	for deadline := time.Now().Add(stubborn); ; {
		code, err := p.delete(r.Id)
		switch {
		case err != nil || code == "" || strings.HasSuffix(code, ".NotFound"):
			return &emptypb.Empty{}, err
		case code != "DependencyViolation" || time.Now().After(deadline):
			return nil, status.Error(codes.Unknown, code)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// stubborn is longer than any operation of these tests may take.
const stubborn = 40 * time.Second

// delete returns the error code of the cloud, "" for done.
func (plugin) delete(id string) (string, error) {
	answer, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + "/delete?id=" + url.QueryEscape(id))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	code, err := io.ReadAll(answer.Body)
	return string(code), err
}

func (plugin) Invoke(_ context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	var out map[string]any
	switch r.Tok {
	case "aws:ssm/getParameter:getParameter":
		name, _ := r.Args.AsMap()["name"].(string)
		if strings.Contains(name, "/26.04/") {
			return nil, status.Error(codes.Unknown, "ParameterNotFound: "+name)
		}
		out = map[string]any{"name": name, "value": "ami-0123"}
	case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
		out = map[string]any{"locations": []any{"us-west-2b", "us-west-2a"}, "instanceTypes": []any{"c7g.xlarge", "c7g.xlarge"}}
	default:
		return nil, status.Error(codes.Unimplemented, r.Tok)
	}
	s, err := structpb.NewStruct(out)
	return &pulumirpc.InvokeResponse{Return: s}, err
}
