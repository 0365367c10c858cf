package cloud

// account is the owner of everything here, AWS's number for examples.
const account = "123456789012"

// zones lists the region's three availability zones.
func (c *Cloud) zones() []string {
	return []string{c.config.Region + "a", c.config.Region + "b", c.config.Region + "c"}
}

// zoneID is a zone's name that is the same in every account; empty for a zone that does not exist.
func (c *Cloud) zoneID(zone string) string {
	for i, z := range c.zones() {
		if z == zone {
			return "sbx1-az" + string(rune('1'+i))
		}
	}
	return ""
}

func (c *Cloud) arn(kind, id string) string {
	return "arn:aws:ec2:" + c.config.Region + ":" + account + ":" + kind + "/" + id
}

type zoneXML struct {
	Name   string `xml:"zoneName"`
	ID     string `xml:"zoneId"`
	State  string `xml:"zoneState"`
	Region string `xml:"regionName"`
	Type   string `xml:"zoneType"`
	OptIn  string `xml:"optInStatus"`
	Group  string `xml:"groupName"`
}

func (c *Cloud) describeAvailabilityZones(q query) (any, error) {
	var out struct {
		Zones []zoneXML `xml:"availabilityZoneInfo>item"`
	}
	names := q.list("ZoneName")
	for _, z := range c.zones() {
		if len(names) > 0 && !anyMatch(names, []string{z}) {
			continue
		}
		matched, err := match(q.filters(), attributes{"zone-name": {z}, "zone-id": {c.zoneID(z)}, "state": {"available"},
			"region-name": {c.config.Region}, "zone-type": {"availability-zone"}, "opt-in-status": {"opt-in-not-required"}}, nil)
		if err != nil {
			return nil, err
		}
		if matched {
			out.Zones = append(out.Zones, zoneXML{z, c.zoneID(z), "available", c.config.Region, "availability-zone",
				"opt-in-not-required", c.config.Region})
		}
	}
	return out, nil
}

func (c *Cloud) describeRegions(query) (any, error) {
	type regionXML struct {
		Name     string `xml:"regionName"`
		Endpoint string `xml:"regionEndpoint"`
		OptIn    string `xml:"optInStatus"`
	}
	return struct {
		Regions []regionXML `xml:"regionInfo>item"`
	}{[]regionXML{{c.config.Region, "ec2." + c.config.Region + ".amazonaws.com", "opt-in-not-required"}}}, nil
}

// describeAddresses lists no elastic addresses: the sandbox has none to give.
func (c *Cloud) describeAddresses(query) (any, error) {
	return struct {
		Addresses []struct{} `xml:"addressesSet>item"`
	}{}, nil
}

func (c *Cloud) releaseAddress(q query) (any, error) {
	return nil, refuse("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", q.get("AllocationId"))
}
