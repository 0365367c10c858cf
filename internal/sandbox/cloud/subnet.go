package cloud

import (
	"net/netip"
	"strconv"
)

type subnet struct {
	ID          string
	VPC         string
	CIDR        string
	Zone        string
	MapPublicIP bool
	Labels      Tags
}

func (s *subnet) tags() Tags { return s.Labels }

func (s *subnet) attributes() attributes {
	return attributes{"subnet-id": {s.ID}, "vpc-id": {s.VPC}, "availability-zone": {s.Zone}, "state": {"available"},
		"cidr-block": {s.CIDR}, "map-public-ip-on-launch": {strconv.FormatBool(s.MapPublicIP)},
		"default-for-az": {"false"}, "owner-id": {account}}
}

type subnetXML struct {
	SubnetID    string    `xml:"subnetId"`
	SubnetArn   string    `xml:"subnetArn"`
	State       string    `xml:"state"`
	OwnerID     string    `xml:"ownerId"`
	VpcID       string    `xml:"vpcId"`
	CidrBlock   string    `xml:"cidrBlock"`
	Available   int       `xml:"availableIpAddressCount"`
	Zone        string    `xml:"availabilityZone"`
	ZoneID      string    `xml:"availabilityZoneId"`
	Default     bool      `xml:"defaultForAz"`
	MapPublicIP bool      `xml:"mapPublicIpOnLaunch"`
	Tags        []tagItem `xml:"tagSet>item"`
}

func (c *Cloud) subnetXML(s *subnet) subnetXML {
	p := netip.MustParsePrefix(s.CIDR)
	return subnetXML{s.ID, c.arn("subnet", s.ID), "available", account, s.VPC, s.CIDR,
		1<<(32-p.Bits()) - 5 - c.addressesUsed(s.ID), s.Zone, c.zoneID(s.Zone), false, s.MapPublicIP, s.Labels.items()}
}

func (c *Cloud) addressesUsed(subnetID string) int {
	n := 0
	for _, i := range c.Instances {
		if i.Subnet == subnetID && i.State != terminated {
			n++
		}
	}
	return n
}

func (c *Cloud) createSubnet(q query) (any, error) {
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	p, err := netip.ParsePrefix(q.get("CidrBlock"))
	whole := netip.MustParsePrefix(v.CIDR)
	if err != nil || !whole.Contains(p.Addr()) || p.Bits() < whole.Bits() || p.Bits() > 28 {
		return nil, refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", q.get("CidrBlock"))
	}
	for _, s := range c.Subnets {
		if s.VPC == v.ID && netip.MustParsePrefix(s.CIDR).Overlaps(p) {
			return nil, refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", p)
		}
	}
	zone := q.get("AvailabilityZone")
	if zone == "" {
		zone = c.zones()[0]
	}
	if c.zoneID(zone) == "" {
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid.", zone)
	}
	s := &subnet{ID: newID("subnet"), VPC: v.ID, CIDR: p.Masked().String(), Zone: zone, Labels: q.tagsFor("subnet")}
	c.Subnets[s.ID] = s
	return struct {
		Subnet subnetXML `xml:"subnet"`
	}{c.subnetXML(s)}, nil
}

func (c *Cloud) describeSubnets(q query) (any, error) {
	found, err := pick(q, c.Subnets, q.list("SubnetId"), "InvalidSubnetID.NotFound")
	var out struct {
		Subnets []subnetXML `xml:"subnetSet>item"`
	}
	for _, s := range found {
		out.Subnets = append(out.Subnets, c.subnetXML(s))
	}
	return out, err
}

func (c *Cloud) modifySubnetAttribute(q query) (any, error) {
	s, err := find(c.Subnets, q.get("SubnetId"), "InvalidSubnetID.NotFound")
	if err != nil {
		return nil, err
	}
	s.MapPublicIP = q.flag("MapPublicIpOnLaunch.Value", s.MapPublicIP)
	return ok, nil
}

func (c *Cloud) deleteSubnet(q query) (any, error) {
	s, err := find(c.Subnets, q.get("SubnetId"), "InvalidSubnetID.NotFound")
	if err != nil {
		return nil, err
	}
	if c.addressesUsed(s.ID) > 0 {
		return nil, refuse("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", s.ID)
	}
	for _, t := range c.RouteTables {
		for a, subnetID := range t.Associations {
			if subnetID == s.ID {
				delete(t.Associations, a)
			}
		}
	}
	delete(c.Subnets, s.ID)
	return ok, nil
}
