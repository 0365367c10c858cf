package cloud

// gateway is an internet gateway; VPC is empty while it is attached nowhere.
type gateway struct {
	ID     string
	VPC    string
	Labels Tags
}

func (g *gateway) tags() Tags { return g.Labels }

func (g *gateway) attributes() attributes {
	a := attributes{"internet-gateway-id": {g.ID}, "attachment.vpc-id": nil, "attachment.state": nil, "owner-id": {account}}
	if g.VPC != "" {
		a["attachment.vpc-id"], a["attachment.state"] = []string{g.VPC}, []string{"available"}
	}
	return a
}

type attachmentXML struct {
	VpcID string `xml:"vpcId"`
	State string `xml:"state"`
}

type gatewayXML struct {
	ID          string          `xml:"internetGatewayId"`
	OwnerID     string          `xml:"ownerId"`
	Attachments []attachmentXML `xml:"attachmentSet>item"`
	Tags        []tagItem       `xml:"tagSet>item"`
}

func (g *gateway) xml() gatewayXML {
	out := gatewayXML{ID: g.ID, OwnerID: account, Tags: g.Labels.items()}
	if g.VPC != "" {
		out.Attachments = []attachmentXML{{g.VPC, "available"}}
	}
	return out
}

func (c *Cloud) createInternetGateway(q query) (any, error) {
	g := &gateway{ID: newID("igw"), Labels: q.tagsFor("internet-gateway")}
	c.Gateways[g.ID] = g
	return struct {
		Gateway gatewayXML `xml:"internetGateway"`
	}{g.xml()}, nil
}

func (c *Cloud) describeInternetGateways(q query) (any, error) {
	found, err := pick(q, c.Gateways, q.list("InternetGatewayId"), "InvalidInternetGatewayID.NotFound")
	var out struct {
		Gateways []gatewayXML `xml:"internetGatewaySet>item"`
	}
	for _, g := range found {
		out.Gateways = append(out.Gateways, g.xml())
	}
	return out, err
}

func (c *Cloud) attachInternetGateway(q query) (any, error) {
	g, err := find(c.Gateways, q.get("InternetGatewayId"), "InvalidInternetGatewayID.NotFound")
	if err != nil {
		return nil, err
	}
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, refuse("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	}
	g.VPC = v.ID
	return ok, nil
}

func (c *Cloud) detachInternetGateway(q query) (any, error) {
	g, err := find(c.Gateways, q.get("InternetGatewayId"), "InvalidInternetGatewayID.NotFound")
	if err != nil {
		return nil, err
	}
	if g.VPC == "" || g.VPC != q.get("VpcId") {
		return nil, refuse("Gateway.NotAttached", "resource %s is not attached to network %s", g.ID, q.get("VpcId"))
	}
	for _, i := range c.Instances {
		if i.VPC == g.VPC && i.PublicIP != "" && i.State != terminated {
			return nil, refuse("DependencyViolation", "Network %s has some mapped public address(es). "+
				"Please unmap those public address(es) before detaching the gateway.", g.VPC)
		}
	}
	g.VPC = ""
	return ok, nil
}

func (c *Cloud) deleteInternetGateway(q query) (any, error) {
	g, err := find(c.Gateways, q.get("InternetGatewayId"), "InvalidInternetGatewayID.NotFound")
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, refuse("DependencyViolation", "The internetGateway '%s' has dependencies and cannot be deleted.", g.ID)
	}
	delete(c.Gateways, g.ID)
	return ok, nil
}
