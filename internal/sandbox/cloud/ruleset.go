package cloud

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ruleset writes the security groups of one instance as an nftables ruleset that replaces the one before it. Whatever
// no rule opens is dropped without an answer, as a security group does it; answers to what was allowed pass.
func (c *Cloud) ruleset(i *instance) string {
	var b strings.Builder
	b.WriteString("table inet groups\ndelete table inet groups\ntable inet groups {\n")
	for _, id := range c.groupsNamedBy(i) {
		fmt.Fprintf(&b, "\tset %s {\n\t\ttype ipv4_addr\n", setName(id))
		if members := c.members(id); len(members) > 0 {
			fmt.Fprintf(&b, "\t\telements = { %s }\n", strings.Join(members, ", "))
		}
		b.WriteString("\t}\n")
	}
	c.writeChain(&b, i, "input", "iif", "saddr", ingress)
	c.writeChain(&b, i, "output", "oif", "daddr", egress)
	b.WriteString("}\n")
	return b.String()
}

func (c *Cloud) writeChain(b *strings.Builder, i *instance, hook, loopback, address string,
	direction func(*group) *[]rule) {
	fmt.Fprintf(b, "\tchain %s {\n\t\ttype filter hook %s priority 0; policy drop;\n", hook, hook)
	fmt.Fprintf(b, "\t\t%s lo accept\n\t\tct state established,related accept\n", loopback)
	for _, id := range i.Groups {
		g := c.Groups[id]
		if g == nil {
			continue
		}
		for _, r := range *direction(g) {
			if line := r.nft(address); line != "" {
				fmt.Fprintf(b, "\t\t%s\n", line)
			}
		}
	}
	b.WriteString("\t}\n")
}

// nft writes one rule; address is the side of the packet that the rule speaks of. IPv6 ranges have no meaning on
// hosts that only have IPv4 and give no line.
func (r rule) nft(address string) string {
	var match []string
	switch {
	case r.Group != "":
		match = append(match, "ip", address, "@"+setName(r.Group))
	case strings.Contains(r.CIDR, ":"):
		return ""
	case r.CIDR != "0.0.0.0/0":
		match = append(match, "ip", address, r.CIDR)
	}
	switch r.Protocol {
	case "-1":
	case "icmp", "1":
		match = append(match, "meta l4proto icmp")
	case "tcp", "6", "udp", "17":
		name := map[string]string{"6": "tcp", "17": "udp"}[r.Protocol]
		name = cmp.Or(name, r.Protocol)
		if r.From <= 0 && (r.To <= 0 || r.To == 65535) {
			match = append(match, "meta l4proto", name)
		} else {
			match = append(match, fmt.Sprintf("%s dport %d-%d", name, r.From, r.To))
		}
	default:
		return ""
	}
	return strings.Join(append(match, "accept"), " ")
}

// members lists the private addresses of the hosts in a group.
func (c *Cloud) members(groupID string) []string {
	var out []string
	for _, i := range c.Instances {
		if i.State != terminated && slices.Contains(i.Groups, groupID) {
			out = append(out, i.PrivateIP)
		}
	}
	slices.Sort(out)
	return out
}

// groupsNamedBy lists the groups that the rules of an instance's own groups speak of.
func (c *Cloud) groupsNamedBy(i *instance) []string {
	named := map[string]bool{}
	for _, id := range i.Groups {
		if g := c.Groups[id]; g != nil {
			for _, r := range slices.Concat(g.Ingress, g.Egress) {
				if r.Group != "" {
					named[r.Group] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(named))
}

func setName(groupID string) string { return strings.ReplaceAll(groupID, "-", "_") }
