package inventory

import (
	"bytes"
	"reflect"
	"testing"
)

// Whatever parses is written as a file that means the same, and written again it is the same bytes.
func FuzzParse(f *testing.F) {
	file, err := cluster().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte("workers: {hosts: {a: {ansible_host: 1.2, ansible_user: yes, flashmob_host_key: ~}}}"))
	f.Add([]byte("all: {vars: &v {ansible_user: 0x1f}, children: {workers: {vars: *v, hosts: {b: {}}}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := Parse(data)
		if err != nil {
			return
		}
		first, err := inv.Encode()
		if err != nil {
			t.Fatalf("parsed, but not written: %v", err)
		}
		again, err := Parse(first)
		if err != nil {
			t.Fatalf("written, but not parsed: %v\n%s", err, first)
		}
		if !reflect.DeepEqual(inv, again) {
			t.Fatalf("changed on the way\nfrom %+v\nto   %+v\n%s", inv, again, first)
		}
		if second, _ := again.Encode(); !bytes.Equal(first, second) {
			t.Fatalf("two files for one inventory\n%s\n%s", first, second)
		}
	})
}

// Any strings in any field survive the file, or Check refuses them.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "10.0.0.1", "ubuntu", "/home/ann b/key", 22)
	f.Add("1e3", "yes", "0o17", `C:\x'"{}: #`, 0)
	f.Add("null", "~", "1:30", "<<", 65535)
	f.Add("..", "é\u00a0", "\u2028", "\ufeff", 1)
	f.Fuzz(func(t *testing.T, name, addr, user, path string, port int) {
		inv := Inventory{Cluster: user, KeyFile: path, KnownHosts: addr, Hosts: []Host{
			{Name: name, Role: Worker, Addr: addr, User: user, Port: port, PrivateIP: path, HostKey: addr},
		}}
		file, err := inv.Encode()
		if err != nil {
			return
		}
		got, err := Parse(file)
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		if !reflect.DeepEqual(got, inv) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got, inv, file)
		}
	})
}
