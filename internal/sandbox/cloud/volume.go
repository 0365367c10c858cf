package cloud

import (
	"strconv"
	"time"
)

// volume is the root disk of one instance. Its size bounds what the host can write.
type volume struct {
	ID                  string
	Instance            string
	Device              string
	Zone                string
	Type                string
	GiB                 int
	Encrypted           bool
	DeleteOnTermination bool
	Created             time.Time
	Labels              Tags
}

func (v *volume) tags() Tags { return v.Labels }

func (v *volume) attributes() attributes {
	return attributes{"volume-id": {v.ID}, "availability-zone": {v.Zone}, "size": {strconv.Itoa(v.GiB)},
		"volume-type": {v.Type}, "encrypted": {strconv.FormatBool(v.Encrypted)}, "status": {v.status()},
		"attachment.instance-id": attached(v.Instance), "attachment.device": {v.Device},
		"attachment.delete-on-termination": {strconv.FormatBool(v.DeleteOnTermination)}}
}

func attached(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

func (v *volume) status() string {
	if v.Instance == "" {
		return "available"
	}
	return "in-use"
}

type volumeXML struct {
	ID          string                `xml:"volumeId"`
	Size        int                   `xml:"size"`
	Zone        string                `xml:"availabilityZone"`
	Status      string                `xml:"status"`
	Created     string                `xml:"createTime"`
	Type        string                `xml:"volumeType"`
	Encrypted   bool                  `xml:"encrypted"`
	Attachments []volumeAttachmentXML `xml:"attachmentSet>item"`
	Tags        []tagItem             `xml:"tagSet>item"`
}

type volumeAttachmentXML struct {
	VolumeID   string `xml:"volumeId"`
	InstanceID string `xml:"instanceId"`
	Device     string `xml:"device"`
	Status     string `xml:"status"`
	AttachTime string `xml:"attachTime"`
	Delete     bool   `xml:"deleteOnTermination"`
}

func (v *volume) xml() volumeXML {
	out := volumeXML{v.ID, v.GiB, v.Zone, v.status(), stamp(v.Created), v.Type, v.Encrypted, nil, v.Labels.items()}
	if v.Instance != "" {
		out.Attachments = []volumeAttachmentXML{{v.ID, v.Instance, v.Device, "attached", stamp(v.Created),
			v.DeleteOnTermination}}
	}
	return out
}

func (c *Cloud) describeVolumes(q query) (any, error) {
	found, err := pick(q, c.Volumes, q.list("VolumeId"), "InvalidVolume.NotFound")
	var out struct {
		Volumes []volumeXML `xml:"volumeSet>item"`
	}
	for _, v := range found {
		out.Volumes = append(out.Volumes, v.xml())
	}
	return out, err
}

func (c *Cloud) deleteVolume(q query) (any, error) {
	v, err := find(c.Volumes, q.get("VolumeId"), "InvalidVolume.NotFound")
	if err != nil {
		return nil, err
	}
	if v.Instance != "" {
		return nil, refuse("VolumeInUse", "Volume %s is currently attached to %s", v.ID, v.Instance)
	}
	delete(c.Volumes, v.ID)
	return ok, nil
}

// rootVolume makes the disk that a RunInstances call orders, with the image's 8 GiB where it orders none.
func (c *Cloud) rootVolume(q query, i *instance) *volume {
	v := &volume{ID: newID("vol"), Instance: i.ID, Device: rootDevice, Zone: i.Zone, Type: "gp3", GiB: 8,
		DeleteOnTermination: true, Created: i.Launched, Labels: q.tagsFor("volume")}
	for _, d := range q.each("BlockDeviceMapping") {
		if d.get("DeviceName") != rootDevice {
			continue
		}
		v.GiB = d.number("Ebs.VolumeSize", v.GiB)
		v.Encrypted = d.flag("Ebs.Encrypted", false)
		v.DeleteOnTermination = d.flag("Ebs.DeleteOnTermination", true)
		if t := d.get("Ebs.VolumeType"); t != "" {
			v.Type = t
		}
	}
	return v
}
