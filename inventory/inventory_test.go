package inventory

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func cluster() Inventory {
	return Inventory{
		Cluster:    "c-20261122-4f2a",
		KeyFile:    "/home/ann/.flashmob/clusters/flashmob/id_ed25519",
		KnownHosts: "/home/ann/my files/known_hosts",
		Hosts: []Host{
			{Name: "metrics-1", Role: MetricsHost, Addr: "203.0.113.10", User: "ubuntu", PrivateIP: "10.77.0.10", Arch: "arm64", HostKey: "ssh-ed25519 AAAAC3Nza1"},
			{Name: "initializer-1", Role: Initializer, Addr: "203.0.113.11", User: "ubuntu", PrivateIP: "10.77.0.11", Port: 2222},
			{Name: "workers-1", Role: Worker, Addr: "203.0.113.12", User: "ubuntu", PrivateIP: "10.77.0.12", HostKey: "ssh-ed25519 AAAAC3Nza2", NextHostKey: "ssh-ed25519 AAAAC3Nza3"},
			{Name: "workers-2", Role: Worker, Connection: LocalMachine},
			{Name: "workers-3", Role: Worker},
		},
	}
}

func TestEncodeIsTheGoldenFile(t *testing.T) {
	got, err := cluster().Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "cluster.yml")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("differs from %s (go test -update rewrites it):\n%s", golden, got)
	}
}

func TestFileRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.yml")
	for range 2 { // the second write replaces the first
		if err := Write(path, cluster()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, cluster()) {
		t.Errorf("got  %+v\nwant %+v", got, cluster())
	}
	if left, _ := filepath.Glob(path + ".*"); left != nil {
		t.Errorf("temporary files left behind: %v", left)
	}
}

func TestParseReadsWhatPeopleWrite(t *testing.T) {
	const byHand = `
# my two machines
workers:
  vars: {ansible_user: ann, http_proxy: "http://proxy:3128", tags: [a, b]}
  hosts:
    big.example.org:
    small:
      ansible_host: 192.168.1.20
      ansible_port: "2022"
      ansible_user: bob
all:
  children:
    cloud:
      children:
        initializer:
          hosts:
            boss: {ansible_host: 192.168.1.2}
`
	got, err := Parse([]byte(byHand))
	if err != nil {
		t.Fatal(err)
	}
	want := []Host{
		{Name: "boss", Role: Initializer, Addr: "192.168.1.2"},
		{Name: "big.example.org", Role: Worker, User: "ann"},
		{Name: "small", Role: Worker, User: "bob", Addr: "192.168.1.20", Port: 2022},
	}
	if !reflect.DeepEqual(got.Hosts, want) {
		t.Errorf("got  %+v\nwant %+v", got.Hosts, want)
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"empty", "", "no hosts"},
		{"not YAML", "all: [", "not YAML"},
		{"a list", "all:\n  children: [a, b]", `group "all": children:`},
		{"no group", "all:\n  hosts:\n    a: {}", `host "a": in none of the groups`},
		{"two groups", "workers: {hosts: {a: {}}}\ninitializer: {hosts: {a: {}}}", `host "a": in the groups workers and initializer`},
		{"bad port", "workers: {hosts: {a: {ansible_port: ssh}}}", `ansible_port "ssh": not a number`},
		{"huge port", "workers: {hosts: {a: {ansible_port: 70000}}}", "port 70000: not between"},
		{"bad connection", "workers: {hosts: {a: {ansible_connection: docker}}}", `unknown connection "docker"`},
		{"a range of hosts", "workers: {hosts: {'w[1:3]': {}}}", `host "w[1:3]": a name has`},
		{"two initializers", "initializer: {hosts: {a: {}, b: {}}}", "group initializer: 2 hosts (a, b, …)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse([]byte(tc.file))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestWriteErrorNamesTheFile(t *testing.T) {
	err := Write("/nonexistent/hosts.yml", cluster())
	if err == nil || !strings.HasPrefix(err.Error(), "write inventory /nonexistent/hosts.yml: ") {
		t.Errorf("got %v", err)
	}
	if _, err := Read("/nonexistent/hosts.yml"); err == nil || !strings.HasPrefix(err.Error(), "read inventory: ") {
		t.Errorf("got %v", err)
	}
}

func TestAddressesFallBack(t *testing.T) {
	h := Host{Name: "a"}
	if h.Address() != "a" || h.HostPort() != "a:22" || h.Inside() != "a" || h.IsLocal() {
		t.Errorf("zero host: %s %s %s %v", h.Address(), h.HostPort(), h.Inside(), h.IsLocal())
	}
	h = Host{Name: "a", Addr: "2001:db8::1", Port: 2222, PrivateIP: "10.0.0.1"}
	if h.HostPort() != "[2001:db8::1]:2222" || h.Inside() != "10.0.0.1" {
		t.Errorf("full host: %s %s", h.HostPort(), h.Inside())
	}
}

func TestLocalIsOneInitializerAndWorkers(t *testing.T) {
	inv := Local(3)
	if err := inv.Check(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range inv.Processing() {
		names = append(names, h.Name)
	}
	if got := strings.Join(names, " "); got != "initializer-1 workers-1 workers-2" {
		t.Errorf("got %s", got)
	}
	if _, ok := inv.MetricsHost(); ok {
		t.Error("a metrics host on this machine")
	}
}

// Ansible itself reads the file: the groups, the hosts in them and the variables.
func TestAnsibleReadsTheFile(t *testing.T) {
	if _, err := exec.LookPath("ansible-inventory"); err != nil {
		t.Skip("ansible-inventory is not installed (Debian's ansible-core has it): not checked against Ansible")
	}
	path := filepath.Join(t.TempDir(), "hosts.yml")
	if err := Write(path, cluster()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ansible-inventory", "-i", path, "--list")
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || strings.Contains(stderr.String(), "WARNING") {
		t.Fatalf("ansible-inventory: %v\n%s", err, &stderr)
	}
	var list struct {
		Meta struct {
			HostVars map[string]map[string]any `json:"hostvars"`
		} `json:"_meta"`
		Metrics     struct{ Hosts []string } `json:"metrics_host"`
		Initializer struct{ Hosts []string } `json:"initializer"`
		Workers     struct{ Hosts []string } `json:"workers"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(list.Workers.Hosts, " "); got != "workers-1 workers-2 workers-3" {
		t.Errorf("workers: %s", got)
	}
	if len(list.Metrics.Hosts) != 1 || len(list.Initializer.Hosts) != 1 {
		t.Errorf("groups: %+v", list)
	}
	vars := list.Meta.HostVars["initializer-1"]
	if vars["ansible_host"] != "203.0.113.11" || vars["ansible_port"] != 2222.0 || vars["private_ip"] != "10.77.0.11" ||
		vars["flashmob_cluster"] != "c-20261122-4f2a" {
		t.Errorf("variables of initializer-1: %v", vars)
	}
}
