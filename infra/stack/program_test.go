package stack

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// mocks note what the program registers.
type mocks struct {
	mu   sync.Mutex
	made map[string]pulumi.MockResourceArgs
	asks []string
	old  bool // the region has no 26.04 yet
	bare bool // the cloud has no parameters at all
	none bool // nor images
}

func (m *mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made[args.Name] = args
	out := args.Inputs.Copy()
	if args.TypeToken == "aws:ec2/instance:Instance" {
		out["publicIp"], out["privateIp"] = resource.NewProperty("203.0.113.1"), resource.NewProperty("10.77.0.4")
	}
	return args.Name + "-id", out, nil
}

func (m *mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if args.Token == "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings" {
		return resource.NewPropertyMapFromMap(map[string]any{"locations": []any{"us-west-2c", "us-west-2b"}}), nil
	}
	if args.Token == "aws:ec2/getAmi:getAmi" {
		filter := args.Args["filters"].ArrayValue()[0].ObjectValue()["values"].ArrayValue()[0].StringValue()
		m.asks = append(m.asks, filter)
		if m.none {
			return nil, errors.New("your query returned no results")
		}
		return resource.NewPropertyMapFromMap(map[string]any{"id": "listed-for-" + filter}), nil
	}
	name := args.Args["name"].StringValue()
	m.asks = append(m.asks, name)
	if m.bare || m.old && strings.Contains(name, "/26.04/") {
		return nil, fmt.Errorf("ParameterNotFound: %s", name)
	}
	return resource.NewPropertyMapFromMap(map[string]any{"name": name, "value": "ami-of-" + filepath.Base(strings.TrimSuffix(name, "/hvm/ebs-gp3/ami-id"))}), nil
}

func testSpec() infra.Spec {
	s := infra.Spec{
		ID: "20261122-120000-abcdef", Owner: "ann@laptop", Size: 3, OperatorCIDR: "203.0.113.7/32", Spot: true,
		PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYtRXkqz1xPO5yTvyOnQGjZfC2QpWk9hCiYb5xeZ0aF",
		HostKeys:  map[string]infra.HostKey{},
	}.WithDefaults()
	for _, in := range s.Instances() {
		s.HostKeys[in.Name] = infra.HostKey{Private: "PRIVATE " + in.Name + "\n", Public: "ssh-ed25519 " + in.Name}
	}
	return s
}

func runProgram(t *testing.T, spec infra.Spec, m *mocks) map[string]pulumi.MockResourceArgs {
	t.Helper()
	m.made = map[string]pulumi.MockResourceArgs{}
	if err := pulumi.RunErr(Program(spec), pulumi.WithMocks("flashmob", "flashmob", m)); err != nil {
		t.Fatal(err)
	}
	return m.made
}

// plain shows the inputs of a resource as JSON would have them; a secret shows as its value in a map called secret.
func plain(t *testing.T, args pulumi.MockResourceArgs) map[string]any {
	t.Helper()
	text, err := json.Marshal(args.Inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() {
			return map[string]any{"secret": v.SecretValue().Element.V}, true
		}
		return nil, false
	}))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestProgramIsTheGoldenFile(t *testing.T) {
	spec := testSpec()
	all := map[string]any{}
	for name, args := range runProgram(t, spec, &mocks{}) {
		if !args.Custom {
			continue // the stack itself
		}
		in := plain(t, args)
		if data, ok := in["userDataBase64"]; ok {
			text, _ := data.(map[string]any)["secret"].(string)
			in["userDataBase64"] = "(checked elsewhere)"
			decoded, err := base64.StdEncoding.DecodeString(text)
			want := infra.UserData{HostKey: spec.HostKeys[name], TTL: 4 * time.Hour, Idle: 30 * time.Minute}.String()
			if err != nil || string(decoded) != want {
				t.Errorf("user data of %s: %v\n%s", name, err, decoded)
			}
		}
		all[args.TypeToken+" "+name] = in
	}
	got, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", "program.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("differs from %s (go test -update rewrites it):\n%s", path, got)
	}
}

// What must hold for every resource, whatever the golden file says.
func TestEverythingIsTaggedAndNothingIsOpen(t *testing.T) {
	untaggable := map[string]bool{"internet": true, "subnet-routes": true}
	instances, groups := 0, 0
	for name, args := range runProgram(t, testSpec(), &mocks{}) {
		if !args.Custom {
			continue
		}
		in := plain(t, args)
		if tags, _ := in["tags"].(map[string]any); !untaggable[name] &&
			(tags[infra.TagRun] != "20261122-120000-abcdef" || tags[infra.TagStack] != "flashmob" || tags[infra.TagOwner] != "ann@laptop") {
			t.Errorf("tags of %s: %v", name, tags)
		}
		switch args.TypeToken {
		case "aws:ec2/securityGroup:SecurityGroup":
			groups++
			for _, rule := range in["ingress"].([]any) {
				r := rule.(map[string]any)
				operator := fmt.Sprint(r["cidrBlocks"]) == "[203.0.113.7/32]" && r["fromPort"] == 22.0 && r["toPort"] == 22.0
				if inside := r["self"] == true && r["cidrBlocks"] == nil; !operator && !inside {
					t.Errorf("open: %v", r)
				}
			}
		case "aws:ec2/instance:Instance":
			instances++
			if spot := in["instanceMarketOptions"] != nil; spot != strings.HasPrefix(name, "workers-") {
				t.Errorf("%s on the spot market: %v", name, spot)
			}
			if in["instanceInitiatedShutdownBehavior"] != "terminate" || in["metadataOptions"].(map[string]any)["httpTokens"] != "required" ||
				in["rootBlockDevice"].(map[string]any)["encrypted"] != true {
				t.Errorf("%s: %v", name, in)
			}
		}
	}
	if instances != 4 || groups != 1 {
		t.Errorf("%d instances, %d groups", instances, groups)
	}
}

func TestImageIsTheNewestForEachArchitecture(t *testing.T) {
	spec := testSpec()
	spec.MetricsType = "c7i.large"
	m := &mocks{old: true}
	made := runProgram(t, spec, m)
	if got := plain(t, made["metrics-1"])["ami"]; got != "ami-of-amd64" {
		t.Errorf("metrics-1: %v", got)
	}
	if got := plain(t, made["workers-2"])["ami"]; got != "ami-of-arm64" {
		t.Errorf("workers-2: %v", got)
	}
	if len(m.asks) != 4 || !strings.Contains(m.asks[1], "/24.04/stable/current/amd64/") {
		t.Errorf("asked %v", m.asks)
	}
}

func TestImageIsFoundInTheListWhereThereAreNoParameters(t *testing.T) {
	m := &mocks{bare: true}
	made := runProgram(t, testSpec(), m)
	if got, want := plain(t, made["workers-1"])["ami"], "listed-for-ubuntu/images/hvm-ssd*/ubuntu-*-arm64-server-*"; got != want {
		t.Errorf("it boots %v, want %s", got, want)
	}
	if len(m.asks) != 3 {
		t.Errorf("asked %v", m.asks)
	}
	spec := testSpec()
	spec.AMI = "ami-of-my-own"
	m = &mocks{bare: true}
	if got := plain(t, runProgram(t, spec, m)["workers-1"])["ami"]; got != spec.AMI || len(m.asks) > 0 {
		t.Errorf("it boots %v, and asked %v", got, m.asks)
	}
}

// What cannot be booted is known before anything is made.
func TestNothingIsMadeWhereThereIsNoImage(t *testing.T) {
	m := &mocks{made: map[string]pulumi.MockResourceArgs{}, bare: true, none: true}
	err := pulumi.RunErr(Program(testSpec()), pulumi.WithMocks("flashmob", "flashmob", m))
	if err == nil || !strings.Contains(err.Error(), "find image of Ubuntu for arm64") {
		t.Errorf("got %v", err)
	}
	for name, args := range m.made {
		if args.Custom {
			t.Errorf("made %s", name)
		}
	}
}

func TestZoneIsTheFirstOfTheListThatOffersTheType(t *testing.T) {
	spec := testSpec()
	for _, tc := range []struct {
		zone  string
		zones []string
		want  string
	}{
		{"", nil, "us-west-2b"},
		{"", []string{"us-west-2a", "us-west-2c", "us-west-2b"}, "us-west-2c"},
		{"us-west-2d", nil, "us-west-2d"},
	} {
		spec.Zone, spec.Zones = tc.zone, tc.zones
		if got := plain(t, runProgram(t, spec, &mocks{})["subnet"])["availabilityZone"]; got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

func TestProgramRefusesABadSpec(t *testing.T) {
	err := pulumi.RunErr(Program(infra.Spec{}), pulumi.WithMocks("flashmob", "flashmob", &mocks{made: map[string]pulumi.MockResourceArgs{}}))
	if err == nil || !strings.Contains(err.Error(), "cluster spec: size 0") {
		t.Errorf("got %v", err)
	}
}
