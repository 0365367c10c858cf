package inventory

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"
)

// maxDepth bounds nested groups; YAML aliases could make them endless.
const maxDepth = 16

// A parser walks the groups of an Ansible file and gathers the hosts, each once.
type parser struct {
	inv   Inventory
	hosts []Host
	index map[string]int // host name → place in hosts
}

// group reads one group. role and vars come from the groups above it.
func (p *parser) group(name string, value any, role Role, vars []variable, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("group %q: nested more than %d deep", name, maxDepth)
	}
	for _, r := range Roles {
		if name == r.Group() || name == string(r) {
			role = r
		}
	}
	parts, err := mapping(value)
	if err != nil {
		return fmt.Errorf("group %q: %w", name, err)
	}
	own, err := variables(parts["vars"])
	if err != nil {
		return fmt.Errorf("group %q: vars: %w", name, err)
	}
	vars = slices.Concat(vars, own)
	if role == "" {
		p.clusterVars(own)
	}
	hosts, err := ordered(parts["hosts"])
	if err != nil {
		return fmt.Errorf("group %q: hosts: %w", name, err)
	}
	for _, item := range hosts {
		if err := p.host(fmt.Sprint(item.Key), item.Value, role, vars); err != nil {
			return err
		}
	}
	children, err := ordered(parts["children"])
	if err != nil {
		return fmt.Errorf("group %q: children: %w", name, err)
	}
	for _, item := range children {
		if err := p.group(fmt.Sprint(item.Key), item.Value, role, vars, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) clusterVars(vars []variable) {
	for _, v := range vars {
		switch v.name {
		case "flashmob_cluster":
			p.inv.Cluster = v.value
		case "ansible_ssh_private_key_file":
			p.inv.KeyFile = v.value
		case "flashmob_known_hosts":
			p.inv.KnownHosts = v.value
		}
	}
}

func (p *parser) host(name string, value any, role Role, inherited []variable) error {
	own, err := variables(value)
	if err != nil {
		return fmt.Errorf("host %q: %w", name, err)
	}
	i, known := p.index[name]
	if !known {
		i = len(p.hosts)
		p.index[name] = i
		p.hosts = append(p.hosts, Host{Name: name})
	}
	h := &p.hosts[i]
	if role != "" && h.Role != "" && h.Role != role {
		return fmt.Errorf("host %q: in the groups %s and %s", name, h.Role.Group(), role.Group())
	}
	if role != "" {
		h.Role = role
	}
	for _, v := range slices.Concat(inherited, own) {
		if err := h.set(v); err != nil {
			return fmt.Errorf("host %q: %w", name, err)
		}
	}
	return nil
}

func (h *Host) set(v variable) error {
	switch v.name {
	case "ansible_host":
		h.Addr = v.value
	case "ansible_user":
		h.User = v.value
	case "ansible_port":
		port, err := strconv.Atoi(v.value)
		if err != nil {
			return fmt.Errorf("ansible_port %q: not a number", v.value)
		}
		h.Port = port
	case "ansible_connection":
		h.Connection = Connection(v.value)
	case "private_ip":
		h.PrivateIP = v.value
	case "flashmob_arch":
		h.Arch = v.value
	case "flashmob_host_key":
		h.HostKey = v.value
	case "flashmob_next_host_key":
		h.NextHostKey = v.value
	}
	return nil
}

// variables reads a mapping of plain values; lists and mappings below it are of no use here and left out.
func variables(value any) ([]variable, error) {
	items, err := ordered(value)
	if err != nil {
		return nil, err
	}
	var vars []variable
	for _, item := range items {
		switch item.Value.(type) {
		case nil, []any, yaml.MapSlice, map[string]any:
		default:
			vars = append(vars, variable{fmt.Sprint(item.Key), fmt.Sprint(item.Value)})
		}
	}
	return vars, nil
}

func mapping(value any) (map[string]any, error) {
	items, err := ordered(value)
	if err != nil {
		return nil, err
	}
	parts := map[string]any{}
	for _, item := range items {
		parts[fmt.Sprint(item.Key)] = item.Value
	}
	return parts, nil
}

func ordered(value any) (yaml.MapSlice, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case yaml.MapSlice:
		return v, nil
	default:
		return nil, fmt.Errorf("%v: not a mapping of names to values", value)
	}
}
