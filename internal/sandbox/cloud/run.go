package cloud

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"time"
)

// runInstances checks a launch as EC2 does, gives out addresses and disks, and leaves the boot to the background: the
// answer says pending.
func (c *Cloud) runInstances(q query) (any, error) {
	if token := q.get("ClientToken"); token != "" {
		if again := c.byToken(token); len(again) > 0 {
			return c.reservation(again), nil
		}
	}
	order, s, err := c.checkLaunch(q)
	if err != nil {
		return nil, err
	}
	count := max(q.number("MaxCount", 1), 1)
	if err := c.capacity(order, count); err != nil {
		return nil, err
	}
	var made []*instance
	for n := range count {
		i := *order
		i.ID, i.AvailabilityN, i.Labels = newID("i"), n, q.tagsFor("instance")
		if i.Spot {
			i.SpotRequest = newID("sir")
		}
		if i.PrivateIP, err = c.freePrivate(s); err != nil {
			return nil, err
		}
		if publicAddress(q, s) {
			if i.PublicIP, err = c.freePublic(); err != nil {
				return nil, err
			}
		}
		v := c.rootVolume(q, &i)
		i.Volume = v.ID
		c.Volumes[v.ID], c.Instances[i.ID] = v, &i
		made = append(made, &i)
	}
	for _, i := range made {
		c.orderFaults(i)
		c.boot(i)
	}
	c.rewire()
	return c.reservation(made), nil
}

// checkLaunch reads and checks what is the same for every instance of a launch.
func (c *Cloud) checkLaunch(q query) (*instance, *subnet, error) {
	i := &instance{Reservation: newID("r"), Token: q.get("ClientToken"), Image: q.get("ImageId"), Key: q.get("KeyName"),
		Type: q.get("InstanceType"), Shutdown: "stop", HTTPTokens: "optional", State: pending, Launched: time.Now().UTC()}
	m, found := images[i.Image]
	if !found {
		return nil, nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", i.Image)
	}
	t, found := instanceTypes[i.Type]
	if !found {
		return nil, nil, refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", i.Type)
	}
	if t.Arch != m.Arch {
		return nil, nil, refuse("InvalidParameterValue", "The architecture '%s' of the specified instance type does not "+
			"match the architecture '%s' of the specified AMI.", t.Arch, m.Arch)
	}
	if i.Key != "" && c.keyNamed(i.Key) == nil {
		return nil, nil, refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", i.Key)
	}
	subnetID, groups := q.get("SubnetId"), q.list("SecurityGroupId")
	for _, n := range q.each("NetworkInterface") {
		subnetID, groups = n.get("SubnetId"), n.list("SecurityGroupId")
	}
	s, err := find(c.Subnets, subnetID, "InvalidSubnetID.NotFound")
	if err != nil {
		return nil, nil, err
	}
	for _, id := range groups {
		if _, err := find(c.Groups, id, "InvalidGroup.NotFound"); err != nil {
			return nil, nil, err
		}
	}
	if len(groups) == 0 {
		groups = c.defaultGroup(s.VPC)
	}
	i.UserData, err = base64.StdEncoding.DecodeString(q.get("UserData"))
	if err != nil {
		return nil, nil, refuse("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	}
	if len(i.UserData) > 16<<10 {
		return nil, nil, refuse("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	if b := q.get("InstanceInitiatedShutdownBehavior"); b != "" {
		i.Shutdown = b
	}
	if t := q.get("MetadataOptions.HttpTokens"); t != "" {
		i.HTTPTokens = t
	}
	i.Spot = q.get("InstanceMarketOptions.MarketType") == "spot"
	i.Subnet, i.VPC, i.Zone, i.Groups = s.ID, s.VPC, s.Zone, groups
	return i, s, nil
}

// publicAddress says whether a launch gets a public address: its network interface decides, else the subnet.
func publicAddress(q query, s *subnet) bool {
	for _, n := range q.each("NetworkInterface") {
		return n.flag("AssociatePublicIpAddress", s.MapPublicIP)
	}
	return s.MapPublicIP
}

func (c *Cloud) reservation(instances []*instance) reservationXML {
	out := reservationXML{ID: instances[0].Reservation, OwnerID: account}
	for _, i := range instances {
		out.Instances = append(out.Instances, c.instanceXML(i))
	}
	return out
}

func (c *Cloud) byToken(token string) []*instance {
	var out []*instance
	for _, i := range c.Instances {
		if i.Token == token {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b *instance) int { return a.AvailabilityN - b.AvailabilityN })
	return out
}

func (c *Cloud) defaultGroup(vpcID string) []string {
	for id, g := range c.Groups {
		if g.VPC == vpcID && g.Default {
			return []string{id}
		}
	}
	return nil
}

// freePrivate picks the subnet's lowest free address. The first four and the last belong to EC2.
func (c *Cloud) freePrivate(s *subnet) (string, error) {
	p := netip.MustParsePrefix(s.CIDR)
	used := map[string]bool{}
	for _, i := range c.Instances {
		if i.Subnet == s.ID && i.State != terminated {
			used[i.PrivateIP] = true
		}
	}
	a := p.Addr()
	for range 4 {
		a = a.Next()
	}
	for ; p.Contains(a.Next()); a = a.Next() {
		if !used[a.String()] {
			return a.String(), nil
		}
	}
	return "", refuse("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s'.", s.ID)
}

// freePublic picks the lowest free address of the sandbox's own range; the first is the operator's, the last but one
// the switch's.
func (c *Cloud) freePublic() (string, error) {
	used := map[string]bool{}
	for _, i := range c.Instances {
		if i.State != terminated {
			used[i.PublicIP] = true
		}
	}
	b := c.config.Public.Addr().As4()
	for n := byte(2); n < 254; n++ {
		b[3] = n
		if a := netip.AddrFrom4(b).String(); !used[a] {
			return a, nil
		}
	}
	return "", refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
}
