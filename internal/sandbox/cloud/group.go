package cloud

import (
	"cmp"
	"net/netip"
	"slices"
)

// group is a security group: what may come in and go out of the hosts in it.
type group struct {
	ID          string
	Name        string
	Description string
	VPC         string
	Default     bool
	Ingress     []rule
	Egress      []rule
	Labels      Tags
}

// rule opens ports to one range of addresses (CIDR) or to the members of one group (Group). Protocol -1 is every
// protocol and port.
type rule struct {
	Protocol    string
	From, To    int
	CIDR        string
	Group       string
	Description string
}

func allTraffic() []rule { return []rule{{Protocol: "-1", CIDR: "0.0.0.0/0"}} }

func (g *group) tags() Tags { return g.Labels }

func (g *group) attributes() attributes {
	return attributes{"group-id": {g.ID}, "group-name": {g.Name}, "vpc-id": {g.VPC}, "description": {g.Description},
		"owner-id": {account}}
}

type groupXML struct {
	OwnerID     string          `xml:"ownerId"`
	ID          string          `xml:"groupId"`
	Arn         string          `xml:"securityGroupArn"`
	Name        string          `xml:"groupName"`
	Description string          `xml:"groupDescription"`
	VpcID       string          `xml:"vpcId"`
	Ingress     []permissionXML `xml:"ipPermissions>item"`
	Egress      []permissionXML `xml:"ipPermissionsEgress>item"`
	Tags        []tagItem       `xml:"tagSet>item"`
}

type permissionXML struct {
	Protocol string     `xml:"ipProtocol"`
	From     *int       `xml:"fromPort"`
	To       *int       `xml:"toPort"`
	Groups   []pairXML  `xml:"groups>item"`
	Ranges   []rangeXML `xml:"ipRanges>item"`
}

type pairXML struct {
	UserID      string `xml:"userId"`
	GroupID     string `xml:"groupId"`
	Description string `xml:"description,omitempty"`
}

type rangeXML struct {
	CIDR        string `xml:"cidrIp"`
	Description string `xml:"description,omitempty"`
}

func (c *Cloud) groupXML(g *group) groupXML {
	return groupXML{account, g.ID, c.arn("security-group", g.ID), g.Name, g.Description, g.VPC,
		permissions(g.Ingress), permissions(g.Egress), g.Labels.items()}
}

// permissions folds rules with the same ports into one permission, as EC2 lists them.
func permissions(rules []rule) []permissionXML {
	type ports struct {
		protocol string
		from, to int
	}
	var order []ports
	byPorts := map[ports]*permissionXML{}
	for _, r := range rules {
		k := ports{r.Protocol, r.From, r.To}
		p := byPorts[k]
		if p == nil {
			p = &permissionXML{Protocol: r.Protocol}
			if r.Protocol != "-1" {
				p.From, p.To = &k.from, &k.to
			}
			byPorts[k], order = p, append(order, k)
		}
		if r.Group != "" {
			p.Groups = append(p.Groups, pairXML{account, r.Group, r.Description})
		} else {
			p.Ranges = append(p.Ranges, rangeXML{r.CIDR, r.Description})
		}
	}
	var out []permissionXML
	for _, k := range order {
		out = append(out, *byPorts[k])
	}
	return out
}

func (c *Cloud) createSecurityGroup(q query) (any, error) {
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	name, err := q.need("GroupName")
	if err != nil {
		return nil, err
	}
	for _, g := range c.Groups {
		if g.VPC == v.ID && g.Name == name {
			return nil, refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.ID)
		}
	}
	g := &group{ID: newID("sg"), Name: name, Description: q.get("GroupDescription"), VPC: v.ID,
		Egress: allTraffic(), Labels: q.tagsFor("security-group")}
	c.Groups[g.ID] = g
	return struct {
		ID   string    `xml:"groupId"`
		Arn  string    `xml:"securityGroupArn"`
		Tags []tagItem `xml:"tagSet>item"`
	}{g.ID, c.arn("security-group", g.ID), g.Labels.items()}, nil
}

func (c *Cloud) describeSecurityGroups(q query) (any, error) {
	found, err := pick(q, c.Groups, q.list("GroupId"), "InvalidGroup.NotFound")
	slices.SortStableFunc(found, func(a, b *group) int { return cmp.Compare(a.Name, b.Name) })
	var out struct {
		Groups []groupXML `xml:"securityGroupInfo>item"`
	}
	for _, g := range found {
		out.Groups = append(out.Groups, c.groupXML(g))
	}
	return out, err
}

func (c *Cloud) deleteSecurityGroup(q query) (any, error) {
	g, err := find(c.Groups, q.get("GroupId"), "InvalidGroup.NotFound")
	if err != nil {
		return nil, err
	}
	if g.Default {
		return nil, refuse("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	}
	inUse := refuse("DependencyViolation", "resource %s has a dependent object", g.ID)
	for _, i := range c.Instances {
		if i.State != terminated && slices.Contains(i.Groups, g.ID) {
			return nil, inUse
		}
	}
	for _, other := range c.Groups {
		if other != g && slices.ContainsFunc(slices.Concat(other.Ingress, other.Egress), func(r rule) bool {
			return r.Group == g.ID
		}) {
			return nil, inUse
		}
	}
	delete(c.Groups, g.ID)
	return struct {
		Return bool   `xml:"return"`
		ID     string `xml:"groupId"`
	}{true, g.ID}, nil
}

// authorize adds a call's rules to one direction of a group.
func authorize(direction func(*group) *[]rule) action {
	return func(c *Cloud, q query) (any, error) {
		g, rules, err := c.groupAndRules(q)
		if err != nil {
			return nil, err
		}
		have := direction(g)
		for _, r := range rules {
			if slices.ContainsFunc(*have, r.same) {
				return nil, refuse("InvalidPermission.Duplicate", "the specified rule already exists in %s", g.ID)
			}
		}
		*have = append(*have, rules...)
		c.rewire()
		return ok, nil
	}
}

// revoke takes a call's rules from one direction of a group.
func revoke(direction func(*group) *[]rule) action {
	return func(c *Cloud, q query) (any, error) {
		g, rules, err := c.groupAndRules(q)
		if err != nil {
			return nil, err
		}
		have := direction(g)
		for _, r := range rules {
			at := slices.IndexFunc(*have, r.same)
			if at < 0 {
				return nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
			}
			*have = slices.Delete(*have, at, at+1)
		}
		c.rewire()
		return ok, nil
	}
}

func ingress(g *group) *[]rule { return &g.Ingress }
func egress(g *group) *[]rule  { return &g.Egress }

// same compares what two rules open; their descriptions do not count.
func (r rule) same(other rule) bool {
	r.Description, other.Description = "", ""
	return r == other
}

func (c *Cloud) groupAndRules(q query) (*group, []rule, error) {
	g, err := find(c.Groups, q.get("GroupId"), "InvalidGroup.NotFound")
	if err != nil {
		return nil, nil, err
	}
	var rules []rule
	for _, p := range q.each("IpPermissions") {
		base := rule{Protocol: p.get("IpProtocol")}
		if base.Protocol != "-1" {
			base.From, base.To = p.number("FromPort", -1), p.number("ToPort", -1)
		}
		for _, source := range p.each("IpRanges") {
			r := base
			r.CIDR, r.Description = source.get("CidrIp"), source.get("Description")
			if _, err := netip.ParsePrefix(r.CIDR); err != nil {
				return nil, nil, refuse("InvalidParameterValue", "CIDR block %s is malformed", r.CIDR)
			}
			rules = append(rules, r)
		}
		for _, source := range p.each("Groups") {
			r := base
			r.Group, r.Description = source.get("GroupId"), source.get("Description")
			if _, err := find(c.Groups, r.Group, "InvalidGroup.NotFound"); err != nil {
				return nil, nil, err
			}
			rules = append(rules, r)
		}
	}
	if len(rules) == 0 {
		return nil, nil, refuse("MissingParameter", "The request must contain the parameter ipPermissions")
	}
	return g, rules, nil
}
