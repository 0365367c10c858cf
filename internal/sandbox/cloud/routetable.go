package cloud

import (
	"maps"
	"slices"
)

type routeTable struct {
	ID           string
	VPC          string
	Main         bool
	Routes       map[string]string // destination CIDR → gateway
	Associations map[string]string // association ID → subnet
	Labels       Tags
}

func (t *routeTable) tags() Tags { return t.Labels }

func (t *routeTable) attributes() attributes {
	return attributes{"route-table-id": {t.ID}, "vpc-id": {t.VPC}, "owner-id": {account},
		"association.route-table-association-id": slices.Collect(maps.Keys(t.Associations)),
		"association.subnet-id":                  slices.Collect(maps.Values(t.Associations)),
		"route.destination-cidr-block":           slices.Collect(maps.Keys(t.Routes)),
		"route.gateway-id":                       slices.Collect(maps.Values(t.Routes))}
}

type routeXML struct {
	Destination string `xml:"destinationCidrBlock"`
	GatewayID   string `xml:"gatewayId"`
	Origin      string `xml:"origin"`
	State       string `xml:"state"`
}

type associationXML struct {
	ID      string `xml:"routeTableAssociationId"`
	TableID string `xml:"routeTableId"`
	Subnet  string `xml:"subnetId,omitempty"`
	Main    bool   `xml:"main"`
	State   string `xml:"associationState>state"`
}

type routeTableXML struct {
	ID           string           `xml:"routeTableId"`
	VpcID        string           `xml:"vpcId"`
	OwnerID      string           `xml:"ownerId"`
	Routes       []routeXML       `xml:"routeSet>item"`
	Associations []associationXML `xml:"associationSet>item"`
	Tags         []tagItem        `xml:"tagSet>item"`
}

func (c *Cloud) routeTableXML(t *routeTable) routeTableXML {
	out := routeTableXML{ID: t.ID, VpcID: t.VPC, OwnerID: account, Tags: t.Labels.items(),
		Routes: []routeXML{{c.VPCs[t.VPC].CIDR, "local", "CreateRouteTable", "active"}}}
	for _, d := range slices.Sorted(maps.Keys(t.Routes)) {
		out.Routes = append(out.Routes, routeXML{d, t.Routes[d], "CreateRoute", "active"})
	}
	if t.Main {
		out.Associations = []associationXML{{"rtbassoc-" + t.ID[4:], t.ID, "", true, "associated"}}
	}
	for _, a := range slices.Sorted(maps.Keys(t.Associations)) {
		out.Associations = append(out.Associations, associationXML{a, t.ID, t.Associations[a], false, "associated"})
	}
	return out
}

func (c *Cloud) createRouteTable(q query) (any, error) {
	v, err := find(c.VPCs, q.get("VpcId"), "InvalidVpcID.NotFound")
	if err != nil {
		return nil, err
	}
	t := &routeTable{ID: newID("rtb"), VPC: v.ID, Routes: map[string]string{}, Associations: map[string]string{},
		Labels: q.tagsFor("route-table")}
	c.RouteTables[t.ID] = t
	return struct {
		Table routeTableXML `xml:"routeTable"`
	}{c.routeTableXML(t)}, nil
}

func (c *Cloud) describeRouteTables(q query) (any, error) {
	found, err := pick(q, c.RouteTables, q.list("RouteTableId"), "InvalidRouteTableID.NotFound")
	var out struct {
		Tables []routeTableXML `xml:"routeTableSet>item"`
	}
	for _, t := range found {
		out.Tables = append(out.Tables, c.routeTableXML(t))
	}
	return out, err
}

func (c *Cloud) deleteRouteTable(q query) (any, error) {
	t, err := find(c.RouteTables, q.get("RouteTableId"), "InvalidRouteTableID.NotFound")
	if err != nil {
		return nil, err
	}
	if t.Main || len(t.Associations) > 0 {
		return nil, refuse("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", t.ID)
	}
	delete(c.RouteTables, t.ID)
	return ok, nil
}

func (c *Cloud) createRoute(q query) (any, error) {
	t, err := find(c.RouteTables, q.get("RouteTableId"), "InvalidRouteTableID.NotFound")
	if err != nil {
		return nil, err
	}
	g, err := find(c.Gateways, q.get("GatewayId"), "InvalidInternetGatewayID.NotFound")
	if err != nil {
		return nil, err
	}
	if g.VPC != t.VPC {
		return nil, refuse("InvalidParameterValue", "route table %s and network gateway %s belong to different networks",
			t.ID, g.ID)
	}
	destination, err := q.need("DestinationCidrBlock")
	if err != nil {
		return nil, err
	}
	if _, exists := t.Routes[destination]; exists {
		return nil, refuse("RouteAlreadyExists", "The route identified by %s already exists.", destination)
	}
	if t.Routes == nil {
		t.Routes = map[string]string{}
	}
	t.Routes[destination] = g.ID
	return ok, nil
}

func (c *Cloud) deleteRoute(q query) (any, error) {
	t, err := find(c.RouteTables, q.get("RouteTableId"), "InvalidRouteTableID.NotFound")
	if err != nil {
		return nil, err
	}
	destination := q.get("DestinationCidrBlock")
	if _, exists := t.Routes[destination]; !exists {
		return nil, refuse("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s",
			destination, t.ID)
	}
	delete(t.Routes, destination)
	return ok, nil
}

func (c *Cloud) associateRouteTable(q query) (any, error) {
	t, err := find(c.RouteTables, q.get("RouteTableId"), "InvalidRouteTableID.NotFound")
	if err != nil {
		return nil, err
	}
	s, err := find(c.Subnets, q.get("SubnetId"), "InvalidSubnetID.NotFound")
	if err != nil {
		return nil, err
	}
	for _, other := range c.RouteTables {
		for _, subnetID := range other.Associations {
			if subnetID == s.ID {
				return nil, refuse("Resource.AlreadyAssociated", "the specified association for route table %s "+
					"conflicts with an existing association", t.ID)
			}
		}
	}
	if t.Associations == nil {
		t.Associations = map[string]string{}
	}
	id := newID("rtbassoc")
	t.Associations[id] = s.ID
	return struct {
		ID    string `xml:"associationId"`
		State string `xml:"associationState>state"`
	}{id, "associated"}, nil
}

func (c *Cloud) disassociateRouteTable(q query) (any, error) {
	id := q.get("AssociationId")
	for _, t := range c.RouteTables {
		if _, found := t.Associations[id]; found {
			delete(t.Associations, id)
			return ok, nil
		}
	}
	return nil, refuse("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}
