package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"flashmob/infra"
	"flashmob/inventory"
)

// A languageHost takes the place of pulumi-language-go, which Pulumi's installer brings: it starts this test's binary, which
// then does what cmd/infra does, where the other compiles cmd/infra.
type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string // its address
}

func serveLanguage(engine string) {
	// Like the provider, it is not to outlive an engine that is killed.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(server, languageHost{engine: engine})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(server.Serve(listener))
}

func (languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

func (languageHost) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (l languageHost) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	settings, err := json.Marshal(r.Config)
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(r.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	program := exec.CommandContext(ctx, "/proc/self/exe")
	program.Dir = r.Pwd
	program.Env = append(os.Environ(),
		pulumi.EnvOrganization+"="+r.Organization, pulumi.EnvProject+"="+r.Project, pulumi.EnvStack+"="+r.Stack,
		pulumi.EnvPulumiRootDirectory+"="+r.Info.RootDirectory, pulumi.EnvConfig+"="+string(settings), pulumi.EnvConfigSecretKeys+"="+string(secrets),
		pulumi.EnvParallel+"="+strconv.Itoa(int(r.Parallel)), pulumi.EnvDryRun+"="+strconv.FormatBool(r.DryRun),
		pulumi.EnvMonitor+"="+r.MonitorAddress, pulumi.EnvEngine+"="+l.engine)
	if said, err := program.CombinedOutput(); err != nil {
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("%v\n%s", err, said)}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// The pulumi command on the project's own Pulumi.yaml: what it makes is flashmob's to end, its state or not.
func TestThePulumiCommandByItself(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	dir := filepath.Dir(c.Files.Dir)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	project, err := os.ReadFile("../../Pulumi.yaml")
	for _, step := range []func() error{
		func() error { return err },
		func() error { return os.Symlink(self, filepath.Join(dir, "pulumi-language-go")) },
		func() error { return os.MkdirAll(filepath.Join(dir, "cmd", "infra"), 0o755) },
		func() error { return os.MkdirAll(filepath.Join(dir, "backend"), 0o755) },
		func() error { return os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), project, 0o644) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		command := exec.Command("pulumi", append(args, "--non-interactive", "--color", "never")...)
		command.Dir = dir
		command.Env = append(os.Environ(), "PULUMI_BACKEND_URL=file://"+filepath.Join(dir, "backend"), "PULUMI_CONFIG_PASSPHRASE=open sesame", "PULUMI_SKIP_UPDATE_CHECK=true")
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("pulumi %s: %v\n%s", strings.Join(args, " "), err, said)
		}
		return string(said)
	}
	c.Files.Stack = "nightly"
	run("stack", "init", "nightly")
	for key, value := range map[string]string{"size": "2", "operatorCidr": "203.0.113.7/32", "type": "c5.xlarge", "aws:region": "us-west-2"} {
		run("config", "set", key, value)
	}
	run("preview")
	if made := cloud.Things(""); len(made) > 0 {
		t.Fatalf("a preview made %v", made)
	}
	run("up", "--yes")
	if made := cloud.Things("instance"); len(made) != 3 || made[0].Tags[infra.TagStack] != "nightly" || made[0].Type == "" {
		t.Errorf("there is %v", cloud.Things(""))
	}
	run("up", "--yes", "--expect-no-changes")

	hosts := func(want int) {
		t.Helper()
		path := strings.TrimSpace(run("stack", "output", "inventory"))
		inv, err := inventory.Read(path)
		if err != nil || len(inv.Hosts) != want+1 || len(inv.Processing()) != want || inv.KeyFile == "" {
			t.Errorf("inventory %s: %v, %+v", path, err, inv)
		}
		record, err := infra.ReadRecord(c.Files.Record())
		if living := record.Living(); err != nil || record.State != infra.Up || len(living) != want+1 || living[0].Instance == "" {
			t.Errorf("record: %v, %+v", err, record)
		}
	}
	hosts(2)
	run("config", "set", "size", "3")
	run("up", "--yes")
	hosts(3)

	run("destroy", "--yes")
	if left := cloud.Things(""); len(left) > 0 {
		t.Errorf("pulumi destroy left %v", left)
	}
	run("up", "--yes")
	if receipt := down(t, c); len(receipt.Left) > 0 || len(cloud.Things("")) > 0 {
		t.Errorf("flashmob left %v of a cluster that the pulumi command has made", cloud.Things(""))
	}
}
