package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Read reads an Ansible inventory in YAML.
func Read(path string) (Inventory, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Inventory{}, fmt.Errorf("read inventory: %w", err)
	}
	inv, err := Parse(data)
	if err != nil {
		return Inventory{}, fmt.Errorf("read inventory %s: %w", path, err)
	}
	return inv, nil
}

// Write replaces the file at path by the inventory, whole or not at all. Its folder has to exist.
func Write(path string, inv Inventory) error {
	data, err := inv.Encode()
	if err == nil {
		err = replaceFile(path, data)
	}
	if err != nil {
		return fmt.Errorf("write inventory %s: %w", path, err)
	}
	return nil
}

func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Encode is the inventory as an Ansible file. Equal inventories give equal bytes.
func (inv Inventory) Encode() ([]byte, error) {
	if err := inv.Check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("all:\n")
	if vars := inv.vars(); len(vars) > 0 {
		b.WriteString("  vars:\n")
		writeVars(&b, "    ", vars)
	}
	b.WriteString("  children:\n")
	for _, role := range Roles {
		fmt.Fprintf(&b, "    %s:\n", role.Group())
		hosts := inv.ByRole(role)
		if len(hosts) == 0 {
			b.WriteString("      hosts: {}\n")
			continue
		}
		b.WriteString("      hosts:\n")
		for _, h := range hosts {
			vars := h.vars()
			if len(vars) == 0 {
				fmt.Fprintf(&b, "        %s: {}\n", quote(h.Name))
				continue
			}
			fmt.Fprintf(&b, "        %s:\n", quote(h.Name))
			writeVars(&b, "          ", vars)
		}
	}
	return b.Bytes(), nil
}

// A variable is one line of the Ansible file.
type variable struct{ name, value string }

func (inv Inventory) vars() []variable {
	vars := []variable{
		{"flashmob_cluster", inv.Cluster},
		{"ansible_ssh_private_key_file", inv.KeyFile},
		{"flashmob_known_hosts", inv.KnownHosts},
	}
	if inv.KnownHosts != "" {
		// Ansible splits this one as a shell does.
		args := "-o StrictHostKeyChecking=yes -o UserKnownHostsFile='" +
			strings.ReplaceAll(inv.KnownHosts, "'", `'\''`) + "'"
		vars = append(vars, variable{"ansible_ssh_common_args", args})
	}
	return slices.DeleteFunc(vars, variable.empty)
}

func (h Host) vars() []variable {
	port := ""
	if h.Port != 0 {
		port = strconv.Itoa(h.Port)
	}
	return slices.DeleteFunc([]variable{
		{"ansible_host", h.Addr},
		{"ansible_user", h.User},
		{"ansible_port", port},
		{"ansible_connection", string(h.Connection)},
		{"private_ip", h.PrivateIP},
		{"flashmob_arch", h.Arch},
		{"flashmob_host_key", h.HostKey},
		{"flashmob_next_host_key", h.NextHostKey},
	}, variable.empty)
}

func (v variable) empty() bool { return v.value == "" }

func writeVars(b *bytes.Buffer, indent string, vars []variable) {
	for _, v := range vars {
		value := quote(v.value)
		if v.name == "ansible_port" {
			value = v.value
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, v.name, value)
	}
}

// quote writes a string as JSON does: YAML 1.1 and 1.2 both read that as the same string, where they differ on
// plain yes, 1:30 or 0x1f.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// Parse reads an Ansible inventory in YAML. Hosts take the variables of the groups above them; a host's own win.
// Variables that flashmob has no use for are skipped, hosts outside the three groups are not.
func Parse(data []byte) (Inventory, error) {
	var top yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(data, &top, yaml.UseOrderedMap()); err != nil {
		return Inventory{}, fmt.Errorf("not YAML: %s", firstLine(yaml.FormatError(err, false, false)))
	}
	p := parser{index: map[string]int{}}
	for _, item := range top {
		if err := p.group(fmt.Sprint(item.Key), item.Value, "", nil, 0); err != nil {
			return Inventory{}, err
		}
	}
	for _, role := range Roles {
		p.inv.Hosts = append(p.inv.Hosts, slices.DeleteFunc(slices.Clone(p.hosts), func(h Host) bool { return h.Role != role })...)
	}
	for _, h := range p.hosts {
		if h.Role == "" {
			return Inventory{}, fmt.Errorf("host %q: in none of the groups metrics_host, initializer, workers", h.Name)
		}
	}
	return p.inv, p.inv.Check()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
