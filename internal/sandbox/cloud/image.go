package cloud

import (
	"maps"
	"slices"
	"strings"
)

// canonical is the account that publishes Ubuntu's images.
const canonical = "099720109477"

const rootDevice = "/dev/sda1"

// image is a machine image. Hosts run this machine's own system whatever the image; its architecture is checked
// against the instance type, as EC2 does.
type image struct{ ID, Name, Arch, Created string }

var images = map[string]image{}

func init() {
	for _, release := range []struct{ version, name, created string }{
		{"22.04", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04", "2025-05-01T00:00:00.000Z"},
		{"24.04", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04", "2026-05-01T00:00:00.000Z"},
	} {
		for _, arch := range []string{"amd64", "arm64"} {
			id := "ami-0" + map[string]string{"amd64": "a", "arm64": "b"}[arch] + strings.Repeat("0", 11) +
				strings.ReplaceAll(release.version, ".", "")
			images[id] = image{id, release.name + "-" + arch + "-server-20260501",
				map[string]string{"amd64": "x86_64", "arm64": "arm64"}[arch], release.created}
		}
	}
}

type imageXML struct {
	ID         string `xml:"imageId"`
	Location   string `xml:"imageLocation"`
	State      string `xml:"imageState"`
	OwnerID    string `xml:"imageOwnerId"`
	OwnerAlias string `xml:"imageOwnerAlias"`
	Created    string `xml:"creationDate"`
	Public     bool   `xml:"isPublic"`
	Arch       string `xml:"architecture"`
	Type       string `xml:"imageType"`
	Name       string `xml:"name"`
	RootType   string `xml:"rootDeviceType"`
	RootDevice string `xml:"rootDeviceName"`
	Virtual    string `xml:"virtualizationType"`
	Hypervisor string `xml:"hypervisor"`
}

func (c *Cloud) describeImages(q query) (any, error) {
	ids, owners := q.list("ImageId"), q.list("Owner")
	var out struct {
		Images []imageXML `xml:"imagesSet>item"`
	}
	for _, id := range ids {
		if _, found := images[id]; !found {
			return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(images)) {
		m := images[id]
		if len(ids) > 0 && !slices.Contains(ids, id) || len(owners) > 0 && !slices.Contains(owners, canonical) {
			continue
		}
		matched, err := match(q.filters(), attributes{"image-id": {id}, "name": {m.Name}, "architecture": {m.Arch},
			"owner-id": {canonical}, "state": {"available"}, "virtualization-type": {"hvm"}, "root-device-type": {"ebs"},
			"image-type": {"machine"}, "is-public": {"true"}, "hypervisor": {"xen"}}, nil)
		if err != nil {
			return nil, err
		}
		if matched {
			out.Images = append(out.Images, imageXML{id, canonical + "/" + m.Name, "available", canonical, "", m.Created, true,
				m.Arch, "machine", m.Name, "ebs", rootDevice, "hvm", "xen"})
		}
	}
	return out, nil
}

// imageParameter answers Canonical's public parameters, /aws/service/canonical/ubuntu/server/RELEASE/stable/current/
// ARCH/hvm/KIND/ami-id, with the image of that release.
func imageParameter(name string) (string, bool) {
	parts := strings.Split(strings.TrimPrefix(name, "/aws/service/canonical/ubuntu/server/"), "/")
	if len(parts) != 7 || parts[6] != "ami-id" {
		return "", false
	}
	version := parts[0]
	if n, found := map[string]string{"noble": "24.04", "jammy": "22.04"}[version]; found {
		version = n
	}
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[parts[3]]
	for id, m := range images {
		if m.Arch == arch && strings.Contains(m.Name, "-"+version+"-") {
			return id, true
		}
	}
	return "", false
}
