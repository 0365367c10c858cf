package infra

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"flashmob/inventory"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (go test -update rewrites it):\n%s", path, got)
	}
}

// aSpec is a whole cluster of two hosts and the metrics host.
func aSpec() Spec {
	return Spec{
		ID: "20261122-120000-abcdef", Owner: "ann@laptop", Size: 2, OperatorCIDR: "203.0.113.7/32",
		PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYtRXkqz1xPO5yTvyOnQGjZfC2QpWk9hCiYb5xeZ0aF",
	}.WithDefaults()
}

func TestSpecCheckNamesEveryFault(t *testing.T) {
	if err := aSpec().Check(); err != nil {
		t.Fatalf("a good spec: %v", err)
	}
	for _, tc := range []struct {
		name  string
		spoil func(*Spec)
		want  string
	}{
		{"stack", func(s *Spec) { s.Stack = "My Stack" }, `stack "My Stack"`},
		{"size", func(s *Spec) { s.Size = 0 }, "size 0: a cluster has at least one host"},
		{"type", func(s *Spec) { s.Type = "big" }, `instance type "big": not of the form`},
		{"mac", func(s *Spec) { s.MoreTypes = []string{"mac2.metal"} }, "does not run Linux"},
		{"everyone", func(s *Spec) { s.OperatorCIDR = "0.0.0.0/0" }, "not to half the internet"},
		{"no address", func(s *Spec) { s.OperatorCIDR = "" }, `operator address "": not a network`},
		{"key", func(s *Spec) { s.PublicKey = "secret" }, `public key "secret"`},
		{"disk", func(s *Spec) { s.DiskGB = 1 }, "disk 1 GB"},
		{"boot wait", func(s *Spec) { s.BootWait = time.Millisecond }, "boot wait 1ms"},
		{"more than all", func(s *Spec) { s.MinHosts = s.Size + 1 }, "the cluster is to have"},
		{"ttl", func(s *Spec) { s.TTL = -1 }, "every host has to end some time"},
		{"zone", func(s *Spec) { s.Zone = "eu-west-1a" }, "not in the region us-west-2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := aSpec()
			tc.spoil(&s)
			if err := s.Check(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestArchGoesByTheType(t *testing.T) {
	for typ, want := range map[string]string{
		"c7g.xlarge": "arm64", "t4g.small": "arm64", "c6gn.large": "arm64", "a1.large": "arm64", "g5g.xlarge": "arm64", "x2gd.large": "arm64",
		"c7i.xlarge": "amd64", "c5.4xlarge": "amd64", "g4dn.xlarge": "amd64", "g5.xlarge": "amd64", "m7a.large": "amd64", "t3.micro": "amd64",
	} {
		if got, err := Arch(typ); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", typ, got, err, want)
		}
	}
}

func TestInstancesAreMetricsInitializerWorkers(t *testing.T) {
	s := aSpec()
	s.Size, s.Spot = 3, true
	s.Placed = map[string]Placement{"workers-1": {Type: "c7i.large"}}
	var got []string
	for _, in := range s.Instances() {
		market := ""
		if in.Spot {
			market = " spot"
		}
		got = append(got, in.Name+" "+in.Type+" "+in.Arch+market)
	}
	want := "metrics-1 c7g.large arm64, initializer-1 c7g.xlarge arm64, workers-1 c7i.large amd64, workers-2 c7g.xlarge arm64 spot"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestUserDataIsTheGoldenFile(t *testing.T) {
	key := HostKey{
		Private: "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n",
		Public:  "ssh-ed25519 AAAAC3Nza",
	}
	golden(t, "userdata.yaml", UserData{HostKey: key, TTL: 4 * time.Hour, Idle: 30 * time.Minute}.String())
}

func TestKeysAreMadeOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hostkeys", "workers-1")
	first, err := KeepKey(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := KeepKey(path)
	if err != nil || first != second {
		t.Errorf("the second reading differs: %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	signer, err := ssh.ParsePrivateKey([]byte(first.Private))
	if err != nil || signer.PublicKey().Type() != "ssh-ed25519" || publicLine(signer.PublicKey()) != first.Public {
		t.Errorf("private key: %v", err)
	}
}

func TestKnownHostsPinsBothAddresses(t *testing.T) {
	key := aSpec().PublicKey
	got, err := KnownHosts([]inventory.Host{
		{Name: "a", Addr: "203.0.113.1", PrivateIP: "10.77.0.5", HostKey: key}, {Name: "b", Addr: "203.0.113.2", Port: 2222, HostKey: key}, {Name: "c"},
	})
	want := "203.0.113.1,10.77.0.5 " + key + "\n[203.0.113.2]:2222 " + key + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got %v\n%swant\n%s", err, got, want)
	}
	if _, err := KnownHosts([]inventory.Host{{Name: "a", HostKey: "rubbish"}}); err == nil || !strings.HasPrefix(err.Error(), "pin host key a: ") {
		t.Errorf("a broken key: %v", err)
	}
}

func TestSecondOperatorIsToldWhoHoldsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := Acquire(path, Holder{Operation: "up", Owner: "ann@laptop", PID: 4711, Host: "laptop", Since: time.Now().Add(-41 * time.Second)})
	if err != nil || lock.Stale != nil {
		t.Fatalf("first: %v, %+v", err, lock)
	}
	_, err = Acquire(path, Me("down"))
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != 4711 ||
		!strings.Contains(err.Error(), "held by up of ann@laptop (pid 4711 on laptop) since ") || !strings.HasSuffix(err.Error(), ", 41s ago") {
		t.Fatalf("second: %v", err)
	}
	if err := lock.Release(true); err != nil {
		t.Fatal(err)
	}
	lock, err = Acquire(path, Me("down"))
	if err != nil || lock.Stale != nil {
		t.Fatalf("after the release: %v, stale %v", err, lock.Stale)
	}
	lock.Release(true)
}

func TestLockOfADeadHolderIsTakenOver(t *testing.T) {
	if os.Getenv("LOCK_HOLDER") != "" { // before anything that would have to be cleaned up
		if _, err := Acquire(os.Getenv("LOCK_HOLDER"), Me("up")); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("locked\n")
		select {} // until killed
	}
	path := filepath.Join(t.TempDir(), "lock")
	holder := exec.Command(os.Args[0], "-test.run", "^TestLockOfADeadHolderIsTakenOver$")
	holder.Env = append(os.Environ(), "LOCK_HOLDER="+path)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(path, Me("down")); !errors.As(err, new(*LockedError)) {
		t.Errorf("while it lives: %v", err)
	}
	holder.Process.Signal(syscall.SIGKILL)
	holder.Wait()
	lock, err := Acquire(path, Me("down"))
	if err != nil {
		t.Fatal(err)
	}
	if lock.Stale == nil || lock.Stale.PID != holder.Process.Pid || lock.Stale.Operation != "up" {
		t.Errorf("stale holder: %+v", lock.Stale)
	}
	lock.Release(false)
	if lock, err = Acquire(path, Me("down")); err != nil || lock.Stale == nil {
		t.Errorf("an unfinished release leaves the work to the next: %v", err)
	}
}

func TestLadderClimbsZoneThenTypeThenMarket(t *testing.T) {
	s := aSpec()
	s.Type, s.MoreTypes, s.Zones, s.Spot = "c7g.xlarge", []string{"c6g.xlarge"}, []string{"us-west-2a", "us-west-2b"}, true
	codes := []string{
		"InsufficientInstanceCapacity", "Unsupported", "InvalidInstanceType", // c6g: no use in any zone
		"VcpuLimitExceeded", // on demand: no use with any type
	}
	var climbed []string
	var refused []Refusal
	for _, code := range codes {
		rung, ok := NextRung(s.Rungs(), refused)
		if !ok {
			break
		}
		climbed = append(climbed, rung.String())
		refusal, ok := ReadRefusal("error: 1 error occurred: api error "+code+": no more", rung, time.Now())
		if !ok || refusal.Code != code {
			t.Fatalf("%s: %+v", code, refusal)
		}
		refused = append(refused, refusal)
	}
	want := "c7g.xlarge spot in us-west-2a, c7g.xlarge spot in us-west-2b, c6g.xlarge spot in us-west-2a, c7g.xlarge on demand in us-west-2a"
	if got := strings.Join(climbed, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if rung, ok := NextRung(s.Rungs(), refused); ok {
		t.Errorf("the ladder goes on with %v", rung)
	}
	if s.SpotOnly = true; len(s.Rungs()) != 4 {
		t.Errorf("spot only: %v", s.Rungs())
	}
	if s.Zone = "us-west-2b"; len(s.Rungs()) != 2 {
		t.Errorf("in a zone already: %v", s.Rungs())
	}
}

func TestTypeThatTheRegionDoesNotHaveIsSkippedOnEveryMarket(t *testing.T) {
	s := aSpec()
	s.Type, s.MoreTypes, s.Zones, s.Spot = "c9x.xlarge", []string{"c6g.xlarge"}, []string{"us-west-2a", "us-west-2b"}, true
	for _, text := range []string{
		"InvalidParameterValue: Invalid value 'c9x.xlarge' for InstanceType.", "NoOffering: none", "InvalidInstanceType: none",
	} {
		refusal, ok := ReadRefusal("error: api error "+text, s.Rungs()[0], time.Now())
		if !ok || !refusal.NoSuchType() {
			t.Fatalf("%s: %v, %+v", text, ok, refusal)
		}
		var others []string
		for _, rung := range s.Rungs() {
			if next, ok := NextRung([]Rung{rung}, []Refusal{refusal}); ok {
				others = append(others, next.Type)
			}
		}
		if got := strings.Join(others, " "); got != "c6g.xlarge c6g.xlarge c6g.xlarge c6g.xlarge" {
			t.Errorf("after %s what is left to try is %s", text, got)
		}
	}
	if r := (Refusal{Code: "InsufficientInstanceCapacity"}); r.NoSuchType() {
		t.Error("a zone that is full is taken for one that does not know the type")
	}
}

func TestHostsThatAreGivenUpAreLeftOut(t *testing.T) {
	s := aSpec()
	s.Size, s.Without = 4, []string{"workers-2"}
	var names []string
	for _, in := range s.Instances() {
		names = append(names, in.Name)
	}
	if got := strings.Join(names, " "); got != "metrics-1 initializer-1 workers-1 workers-3" {
		t.Errorf("its hosts are %s", got)
	}
}

func TestOtherErrorsAreNoRefusals(t *testing.T) {
	for _, text := range []string{
		"UnauthorizedOperation: you may not", "connection refused", "", "InvalidParameterValue: User data is limited to 16384 bytes",
	} {
		if r, ok := ReadRefusal(text, Rung{}, time.Now()); ok {
			t.Errorf("%q: %v", text, r)
		}
	}
}

func TestOldPricesSayTheirDate(t *testing.T) {
	now := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	for asOf, want := range map[string]string{
		"2025-06": "prices of 2025-06", "2025-09": "", "2026-01": "", "last June": "prices of last June", "": "prices of an unknown date",
	} {
		if got := (Prices{AsOf: asOf}).Note(now); got != want {
			t.Errorf("as of %q: %q, want %q", asOf, got, want)
		}
	}
}

func TestNearTypesAreThoseThatWereMeant(t *testing.T) {
	p := ListPrices()
	for typ, want := range map[string]string{"c7h.xlarge": "c7g.xlarge", "c5.xlarg": "c5.xlarge", "c7g-4xlarge": "c7g.4xlarge"} {
		near := p.Near(typ)
		if len(near) != 3 || !slices.Contains(near, want) {
			t.Errorf("%s: near %v, want %s", typ, near, want)
		}
		if _, err := p.Instance("us-west-2", near[0]); err != nil {
			t.Errorf("%s: near is %v", typ, err)
		}
	}
	if near := (Prices{}).Near("c5.large"); len(near) != 0 {
		t.Errorf("near in no table: %v", near)
	}
}

func TestPricesAreListedOrRefused(t *testing.T) {
	p := ListPrices()
	if p.AsOf == "" {
		t.Error("the table has no date")
	}
	price, err := p.Instance("us-west-2", "c5.4xlarge")
	if err != nil || price.OnDemand != 0.68 {
		t.Errorf("c5.4xlarge: %v, %v", price, err)
	}
	for _, x := range [][2]string{{"us-west-2", "x9.large"}, {"us-west-2", "c5.huge"}, {"mars-1", "c5.large"}, {"us-west-2", "c5"}} {
		var none *NoPriceError
		if price, err := p.Instance(x[0], x[1]); !errors.As(err, &none) {
			t.Errorf("%v: %v, %v", x, price, err)
		}
	}
	newer, err := ReadPrices(strings.NewReader("# as_of,2026-11\nus-west-2,x9.large,9.5,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if price, err := p.With(newer).Instance("us-west-2", "x9.large"); err != nil || price.OnDemand != 9.5 {
		t.Errorf("x9.large: %v, %v", price, err)
	}
	if _, err := ReadPrices(strings.NewReader("us-west-2,c5,free,\n")); err == nil || !strings.Contains(err.Error(), `line 1: price "free"`) {
		t.Errorf("a broken table: %v", err)
	}
}

func aRecord() Record {
	at := func(minute int) time.Time { return time.Date(2026, 11, 22, 12, minute, 0, 0, time.UTC) }
	r := Record{}.Begin(Destroying, aSpec(), Holder{})
	r.Began = at(0)
	r.Hosts = []Life{
		{Host: "metrics-1", Instance: "i-1", Placement: Placement{Type: "c7g.large"}, DiskGB: 20, From: at(1)},
		{Host: "workers-1", Instance: "i-2", Placement: Placement{Type: "c7g.xlarge", Spot: true}, DiskGB: 20, From: at(1), To: at(31)},
		{Host: "initializer-1", Instance: "i-3", Placement: Placement{Type: "c7g.xlarge"}, DiskGB: 20, From: at(1)},
	}
	r.Refusals = []Refusal{{Rung: Rung{"us-west-2a", "c7g.xlarge", true}, Code: "InsufficientInstanceCapacity"}}
	return r
}

func TestReceiptIsTheGoldenFile(t *testing.T) {
	r := NewReceipt(aRecord(), ListPrices(), time.Date(2026, 11, 22, 13, 1, 12, 0, time.UTC))
	r.Compare([]Resource{{Kind: KindInstance, ID: "i-1"}, {Kind: KindInstance, ID: "i-3"}, {Kind: KindVPC, ID: "vpc-1"}}, nil)
	golden(t, "receipt.txt", r.Text())
	path, err := r.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "receipt.json", string(data))
}

func TestReceiptSaysWhatIsLeftAndWhatHasNoPrice(t *testing.T) {
	record := aRecord()
	record.Hosts[0].Type = "x9.large"
	r := NewReceipt(record, ListPrices(), time.Date(2026, 11, 22, 12, 6, 12, 0, time.UTC))
	left := Resource{Kind: KindVPC, ID: "vpc-1", Tags: record.Tags}
	r.Compare([]Resource{left}, []Resource{left})
	if got := r.String(); got != "1 left, at least $0.05 (1 of 3 hosts have no price), 6m12s" {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(r.Text(), "STILL THERE: vpc vpc-1, of cluster 20261122-120000-abcdef (flashmob) of ann@laptop") {
		t.Errorf("got\n%s", r.Text())
	}
}

func TestContinueKeepsWhatACLusterIs(t *testing.T) {
	if _, err := (Record{}).Continue(Spec{}); !errors.Is(err, ErrNoSize) {
		t.Errorf("no size: %v", err)
	}
	record := aRecord()
	record.Spec.Zone = "us-west-2b"
	s, err := record.Continue(Spec{Size: 5, Type: "c6g.large", Spot: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.ID != record.Spec.ID || s.Zone != "us-west-2b" || s.OperatorCIDR != record.Spec.OperatorCIDR || s.Size != 5 ||
		s.Placed["initializer-1"].Type != "c7g.xlarge" || len(s.Placed) != 2 {
		t.Errorf("living: %+v", s)
	}
	if _, err := record.Continue(Spec{Region: "eu-west-1"}); err == nil || !strings.Contains(err.Error(), "it stands in us-west-2, not in eu-west-1") {
		t.Errorf("another region: %v", err)
	}
	record.State = Gone
	if s, err = record.Continue(Spec{}); err != nil || s.Size != 2 || s.ID == record.Spec.ID || s.Zone != "" {
		t.Errorf("gone: %v, %+v", err, s)
	}
}

func TestRecordRoundTripKeepsNoPrivateKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.json")
	record := aRecord()
	record.Spec.HostKeys = map[string]HostKey{"workers-1": {Private: "SECRET"}}
	if err := record.Write(path); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	if strings.Contains(string(data), "SECRET") {
		t.Error("the record has a private key")
	}
	got, err := ReadRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(record)
	if string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
	if _, err := ReadRecord(path + "x"); !errors.Is(err, ErrNoRecord) {
		t.Errorf("no record: %v", err)
	}
}

func TestFaultKeepsTheTypesThatCallersBranchOn(t *testing.T) {
	for _, err := range []error{ErrNoSize, &LockedError{Path: "p", Holder: Holder{PID: 3}}, &LeftError{Left: []Resource{{ID: "x"}}}, errors.New("else")} {
		wire, _ := json.Marshal(NewFault(err))
		var f Fault
		if e := json.Unmarshal(wire, &f); e != nil {
			t.Fatal(e)
		}
		far := f.Err()
		var locked *LockedError
		var left *LeftError
		if far.Error() != err.Error() || errors.Is(far, ErrNoSize) != errors.Is(err, ErrNoSize) ||
			errors.As(far, &locked) != errors.As(err, &locked) || errors.As(far, &left) != errors.As(err, &left) {
			t.Errorf("%T became %v", err, far)
		}
	}
	if NewFault(nil).Err() != nil {
		t.Error("no fault became one")
	}
}

func TestPricesNameEveryRegionOnce(t *testing.T) {
	prices, err := ReadPrices(strings.NewReader("# as_of,2025-06\nb,c5,1,1\na,c5,1,1\nb,m5,1,1\n*,ipv4,1,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(prices.Regions(), " "); got != "a b" {
		t.Errorf("the regions are %q, want a and b", got)
	}
}
