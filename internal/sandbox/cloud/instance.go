package cloud

import (
	"strings"
	"time"
)

// The states of an instance. They only grow, but for stopped, which a start could leave; the sandbox has no start.
//
//	pending → running → shutting-down → terminated
//	                  ↘ stopped (powered off with shutdown behaviour stop) → terminated
const (
	pending      = "pending"
	running      = "running"
	shuttingDown = "shutting-down"
	stopped      = "stopped"
	terminated   = "terminated"
)

var stateCodes = map[string]int{pending: 0, running: 16, shuttingDown: 32, terminated: 48, stopped: 80}

// instance is the cloud's side of one host.
type instance struct {
	ID            string
	Reservation   string
	Token         string // the caller's idempotency token
	Image         string
	Type          string
	Zone          string
	VPC, Subnet   string
	PrivateIP     string
	PublicIP      string
	Key           string
	Groups        []string
	UserData      []byte
	Shutdown      string // instance-initiated shutdown behaviour: stop or terminate
	Spot          bool
	SpotRequest   string
	HTTPTokens    string
	Volume        string
	State         string
	Reason        string // why it left running: code and sentence
	Launched      time.Time
	Ended         time.Time
	BootDelay     time.Duration
	SSHDelay      time.Duration
	LinkRate      int // bytes a second, 0 for unlimited
	AvailabilityN int // its index in the reservation
	Labels        Tags
}

func (i *instance) tags() Tags { return i.Labels }

func (i *instance) attributes() attributes {
	lifecycle := []string(nil)
	if i.Spot {
		lifecycle = []string{"spot"}
	}
	return attributes{"instance-id": {i.ID}, "instance-state-name": {i.State}, "instance-type": {i.Type},
		"vpc-id": {i.VPC}, "subnet-id": {i.Subnet}, "availability-zone": {i.Zone}, "image-id": {i.Image},
		"key-name": {i.Key}, "private-ip-address": {i.PrivateIP}, "ip-address": {i.PublicIP},
		"instance.group-id": i.Groups, "reservation-id": {i.Reservation}, "client-token": {i.Token},
		"instance-lifecycle": lifecycle, "owner-id": {account}, "architecture": {instanceTypes[i.Type].Arch}}
}

type stateXML struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

func stateOf(name string) stateXML { return stateXML{stateCodes[name], name} }

type reasonXML struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

type groupRefXML struct {
	ID   string `xml:"groupId"`
	Name string `xml:"groupName"`
}

type deviceXML struct {
	Name string `xml:"deviceName"`
	Ebs  struct {
		VolumeID   string `xml:"volumeId"`
		Status     string `xml:"status"`
		AttachTime string `xml:"attachTime"`
		Delete     bool   `xml:"deleteOnTermination"`
	} `xml:"ebs"`
}

type interfaceXML struct {
	ID        string        `xml:"networkInterfaceId"`
	SubnetID  string        `xml:"subnetId"`
	VpcID     string        `xml:"vpcId"`
	Status    string        `xml:"status"`
	PrivateIP string        `xml:"privateIpAddress"`
	Groups    []groupRefXML `xml:"groupSet>item"`
}

type metadataXML struct {
	State    string `xml:"state"`
	Tokens   string `xml:"httpTokens"`
	HopLimit int    `xml:"httpPutResponseHopLimit"`
	Endpoint string `xml:"httpEndpoint"`
}

type instanceXML struct {
	ID          string         `xml:"instanceId"`
	Image       string         `xml:"imageId"`
	State       stateXML       `xml:"instanceState"`
	PrivateDNS  string         `xml:"privateDnsName"`
	PublicDNS   string         `xml:"dnsName"`
	Reason      string         `xml:"reason"`
	StateReason *reasonXML     `xml:"stateReason"`
	Key         string         `xml:"keyName,omitempty"`
	LaunchIndex int            `xml:"amiLaunchIndex"`
	Type        string         `xml:"instanceType"`
	Launched    string         `xml:"launchTime"`
	Zone        string         `xml:"placement>availabilityZone"`
	Tenancy     string         `xml:"placement>tenancy"`
	Monitoring  string         `xml:"monitoring>state"`
	Subnet      string         `xml:"subnetId,omitempty"`
	VPC         string         `xml:"vpcId,omitempty"`
	PrivateIP   string         `xml:"privateIpAddress,omitempty"`
	PublicIP    string         `xml:"ipAddress,omitempty"`
	Groups      []groupRefXML  `xml:"groupSet>item"`
	Arch        string         `xml:"architecture"`
	RootType    string         `xml:"rootDeviceType"`
	RootDevice  string         `xml:"rootDeviceName"`
	Devices     []deviceXML    `xml:"blockDeviceMapping>item"`
	Lifecycle   string         `xml:"instanceLifecycle,omitempty"`
	SpotRequest string         `xml:"spotInstanceRequestId,omitempty"`
	Token       string         `xml:"clientToken,omitempty"`
	Tags        []tagItem      `xml:"tagSet>item"`
	Interfaces  []interfaceXML `xml:"networkInterfaceSet>item"`
	Metadata    metadataXML    `xml:"metadataOptions"`
}

type reservationXML struct {
	ID        string        `xml:"reservationId"`
	OwnerID   string        `xml:"ownerId"`
	Instances []instanceXML `xml:"instancesSet>item"`
}

func (c *Cloud) instanceXML(i *instance) instanceXML {
	out := instanceXML{ID: i.ID, Image: i.Image, State: stateOf(i.State), Key: i.Key, Type: i.Type,
		LaunchIndex: i.AvailabilityN, Launched: stamp(i.Launched), Zone: i.Zone, Tenancy: "default",
		Monitoring: "disabled", Arch: instanceTypes[i.Type].Arch, RootType: "ebs", RootDevice: rootDevice,
		SpotRequest: i.SpotRequest, Token: i.Token, Tags: i.Labels.items(),
		Metadata: metadataXML{"applied", i.HTTPTokens, 1, "enabled"}}
	if i.Spot {
		out.Lifecycle = "spot"
	}
	if code, message, found := strings.Cut(i.Reason, ": "); found {
		out.Reason, out.StateReason = message, &reasonXML{code, message}
	}
	if i.State == terminated { // the network and the disks are gone, as EC2 shows it
		return out
	}
	out.Subnet, out.VPC, out.PrivateIP, out.PublicIP = i.Subnet, i.VPC, i.PrivateIP, i.PublicIP
	out.PrivateDNS = hostname(i.PrivateIP) + "." + c.config.Region + ".compute.internal"
	for _, id := range i.Groups {
		out.Groups = append(out.Groups, groupRefXML{id, c.Groups[id].Name})
	}
	if v := c.Volumes[i.Volume]; v != nil {
		d := deviceXML{Name: v.Device}
		d.Ebs.VolumeID, d.Ebs.Status, d.Ebs.AttachTime = v.ID, "attached", stamp(v.Created)
		d.Ebs.Delete = v.DeleteOnTermination
		out.Devices = []deviceXML{d}
	}
	out.Interfaces = []interfaceXML{{"eni" + strings.TrimPrefix(i.ID, "i"), i.Subnet, i.VPC, "in-use", i.PrivateIP, out.Groups}}
	return out
}

// hostname is the name that EC2 gives a host by its address.
func hostname(privateIP string) string { return "ip-" + strings.ReplaceAll(privateIP, ".", "-") }

func (c *Cloud) describeInstances(q query) (any, error) {
	found, err := pick(q, c.Instances, q.list("InstanceId"), "InvalidInstanceID.NotFound")
	if err != nil {
		return nil, err
	}
	var out struct {
		Reservations []reservationXML `xml:"reservationSet>item"`
	}
	at := map[string]int{}
	for _, i := range found {
		n, seen := at[i.Reservation]
		if !seen {
			n = len(out.Reservations)
			at[i.Reservation] = n
			out.Reservations = append(out.Reservations, reservationXML{ID: i.Reservation, OwnerID: account})
		}
		r := &out.Reservations[n]
		r.Instances = append(r.Instances, c.instanceXML(i))
	}
	return out, nil
}

func (c *Cloud) modifyInstanceAttribute(q query) (any, error) {
	i, err := find(c.Instances, q.get("InstanceId"), "InvalidInstanceID.NotFound")
	if err != nil {
		return nil, err
	}
	if b := q.get("InstanceInitiatedShutdownBehavior.Value"); b != "" {
		i.Shutdown = b
	}
	if groups := q.list("GroupId"); len(groups) > 0 {
		for _, id := range groups {
			if _, err := find(c.Groups, id, "InvalidGroup.NotFound"); err != nil {
				return nil, err
			}
		}
		i.Groups = groups
		c.rewire()
	}
	return ok, nil
}

func (c *Cloud) describeInstanceAttribute(q query) (any, error) {
	i, err := find(c.Instances, q.get("InstanceId"), "InvalidInstanceID.NotFound")
	if err != nil {
		return nil, err
	}
	out := struct {
		ID       string  `xml:"instanceId"`
		Shutdown *string `xml:"instanceInitiatedShutdownBehavior>value"`
	}{ID: i.ID}
	if q.get("Attribute") == "instanceInitiatedShutdownBehavior" {
		out.Shutdown = &i.Shutdown
	}
	return out, nil
}

type changeXML struct {
	ID       string   `xml:"instanceId"`
	Current  stateXML `xml:"currentState"`
	Previous stateXML `xml:"previousState"`
}

func (c *Cloud) terminateInstances(q query) (any, error) {
	var named []*instance
	for _, id := range q.list("InstanceId") {
		i, err := find(c.Instances, id, "InvalidInstanceID.NotFound")
		if err != nil {
			return nil, err
		}
		named = append(named, i)
	}
	var out struct {
		Changes []changeXML `xml:"instancesSet>item"`
	}
	for _, i := range named {
		before := i.State
		c.terminate(i, "Client.UserInitiatedShutdown: User initiated shutdown")
		out.Changes = append(out.Changes, changeXML{i.ID, stateOf(i.State), stateOf(before)})
	}
	return out, nil
}
