package cloud

import (
	"net/netip"
	"strconv"
)

type vpc struct {
	ID           string
	CIDR         string
	DNSSupport   bool
	DNSHostnames bool
	Labels       Tags
}

func (v *vpc) tags() Tags { return v.Labels }

func (v *vpc) attributes() attributes {
	return attributes{"vpc-id": {v.ID}, "cidr": {v.CIDR}, "cidr-block-association.cidr-block": {v.CIDR},
		"state": {"available"}, "isDefault": {"false"}, "is-default": {"false"}, "owner-id": {account}}
}

type vpcXML struct {
	VpcID     string    `xml:"vpcId"`
	OwnerID   string    `xml:"ownerId"`
	State     string    `xml:"state"`
	CidrBlock string    `xml:"cidrBlock"`
	Options   string    `xml:"dhcpOptionsId"`
	Tenancy   string    `xml:"instanceTenancy"`
	IsDefault bool      `xml:"isDefault"`
	Tags      []tagItem `xml:"tagSet>item"`
}

func (v *vpc) xml() vpcXML {
	return vpcXML{v.ID, account, "available", v.CIDR, "default", "default", false, v.Labels.items()}
}

func (c *Cloud) createVpc(q query) (any, error) {
	cidr, err := q.need("CidrBlock")
	if err != nil {
		return nil, err
	}
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() || p.Bits() < 16 || p.Bits() > 28 {
		return nil, refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", cidr)
	}
	v := &vpc{ID: newID("vpc"), CIDR: p.Masked().String(), DNSSupport: true, Labels: q.tagsFor("vpc")}
	c.VPCs[v.ID] = v
	def := &group{ID: newID("sg"), Name: "default", Description: "default VPC security group", VPC: v.ID, Default: true,
		Labels: Tags{}, Egress: allTraffic()}
	def.Ingress = []rule{{Protocol: "-1", Group: def.ID}}
	c.Groups[def.ID] = def
	main := &routeTable{ID: newID("rtb"), VPC: v.ID, Main: true, Labels: Tags{}}
	c.RouteTables[main.ID] = main
	return struct {
		Vpc vpcXML `xml:"vpc"`
	}{v.xml()}, nil
}

func (c *Cloud) describeVpcs(q query) (any, error) {
	found, err := pick(q, c.VPCs, q.list("VpcId"), "InvalidVpcID.NotFound")
	var out struct {
		Vpcs []vpcXML `xml:"vpcSet>item"`
	}
	for _, v := range found {
		out.Vpcs = append(out.Vpcs, v.xml())
	}
	return out, err
}

func (c *Cloud) deleteVpc(q query) (any, error) {
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	inUse := refuse("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.ID)
	for _, s := range c.Subnets {
		if s.VPC == v.ID {
			return nil, inUse
		}
	}
	for _, g := range c.Gateways {
		if g.VPC == v.ID {
			return nil, inUse
		}
	}
	for _, g := range c.Groups {
		if g.VPC == v.ID && !g.Default {
			return nil, inUse
		}
	}
	for _, t := range c.RouteTables {
		if t.VPC == v.ID && !t.Main {
			return nil, inUse
		}
	}
	for id, g := range c.Groups {
		if g.VPC == v.ID {
			delete(c.Groups, id)
		}
	}
	for id, t := range c.RouteTables {
		if t.VPC == v.ID {
			delete(c.RouteTables, id)
		}
	}
	delete(c.VPCs, v.ID)
	return ok, nil
}

func (c *Cloud) modifyVpcAttribute(q query) (any, error) {
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	v.DNSSupport = q.flag("EnableDnsSupport.Value", v.DNSSupport)
	v.DNSHostnames = q.flag("EnableDnsHostnames.Value", v.DNSHostnames)
	return ok, nil
}

func (c *Cloud) describeVpcAttribute(q query) (any, error) {
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	type value struct {
		Value string `xml:"value"`
	}
	out := struct {
		VpcID     string `xml:"vpcId"`
		Support   *value `xml:"enableDnsSupport"`
		Hostnames *value `xml:"enableDnsHostnames"`
	}{VpcID: v.ID}
	switch q.get("Attribute") {
	case "enableDnsSupport":
		out.Support = &value{strconv.FormatBool(v.DNSSupport)}
	case "enableDnsHostnames":
		out.Hostnames = &value{strconv.FormatBool(v.DNSHostnames)}
	}
	return out, nil
}

// find looks one object up by the ID that a call names.
func find[T any](all map[string]*T, id, missing string) (*T, error) {
	if o, found := all[id]; found {
		return o, nil
	}
	return nil, refuse(missing, "The ID '%s' does not exist", id)
}
