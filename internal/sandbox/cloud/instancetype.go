package cloud

import (
	"maps"
	"slices"
	"strings"
)

// instanceType says what EC2 sells under a name. A sandbox host has whatever this machine has; the numbers only serve
// those who choose a type.
type instanceType struct {
	Name   string
	VCPUs  int
	MiB    int
	Arch   string
	Speed  float64 // GHz
	Family string
}

// instanceTypes are the types on offer: the common families at the common sizes.
var instanceTypes = makeInstanceTypes()

func makeInstanceTypes() map[string]instanceType {
	gibPerVCPU := map[string]int{"c5": 2, "c6i": 2, "c6g": 2, "c7i": 2, "c7g": 2, "c7a": 2, "c8g": 2, "m5": 4, "m6i": 4,
		"m6g": 4, "m7i": 4, "m7g": 4, "m7a": 4, "m8g": 4, "r6i": 8, "r6g": 8, "r7i": 8, "r7g": 8}
	vcpus := map[string]int{"medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32,
		"12xlarge": 48, "16xlarge": 64}
	out := map[string]instanceType{}
	for family, gib := range gibPerVCPU {
		for size, n := range vcpus {
			if size == "medium" && !strings.HasSuffix(family, "g") {
				continue
			}
			name := family + "." + size
			out[name] = instanceType{name, n, n * gib * 1024, archOf(family), 2.6, family}
		}
	}
	burstable := map[string][2]int{"nano": {2, 512}, "micro": {2, 1024}, "small": {2, 2048}, "medium": {2, 4096},
		"large": {2, 8192}, "xlarge": {4, 16384}, "2xlarge": {8, 32768}}
	for _, family := range []string{"t3", "t3a", "t4g"} {
		for size, spec := range burstable {
			name := family + "." + size
			out[name] = instanceType{name, spec[0], spec[1], archOf(family), 2.5, family}
		}
	}
	return out
}

// archOf reads the processor from a family's name: Graviton families carry a g after the generation.
func archOf(family string) string {
	if strings.HasSuffix(family, "g") {
		return "arm64"
	}
	return "x86_64"
}

type instanceTypeXML struct {
	Name    string   `xml:"instanceType"`
	Current bool     `xml:"currentGeneration"`
	Usage   []string `xml:"supportedUsageClasses>item"`
	Arches  []string `xml:"processorInfo>supportedArchitectures>item"`
	GHz     float64  `xml:"processorInfo>sustainedClockSpeedInGhz"`
	VCPUs   int      `xml:"vCpuInfo>defaultVCpus"`
	Cores   int      `xml:"vCpuInfo>defaultCores"`
	MiB     int      `xml:"memoryInfo>sizeInMiB"`
}

func (c *Cloud) describeInstanceTypes(q query) (any, error) {
	names := q.list("InstanceType")
	for _, n := range names {
		if _, found := instanceTypes[n]; !found {
			return nil, refuse("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", n)
		}
	}
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(instanceTypes))
	}
	var out struct {
		Types []instanceTypeXML `xml:"instanceTypeSet>item"`
	}
	for _, n := range names {
		t := instanceTypes[n]
		matched, err := match(q.filters(), attributes{"instance-type": {n}, "current-generation": {"true"},
			"processor-info.supported-architecture": {t.Arch}}, nil)
		if err != nil {
			return nil, err
		}
		if matched {
			out.Types = append(out.Types, instanceTypeXML{n, true, []string{"on-demand", "spot"}, []string{t.Arch}, t.Speed,
				t.VCPUs, t.VCPUs, t.MiB})
		}
	}
	return out, nil
}

type offeringXML struct {
	Type         string `xml:"instanceType"`
	LocationType string `xml:"locationType"`
	Location     string `xml:"location"`
}

func (c *Cloud) describeInstanceTypeOfferings(q query) (any, error) {
	locationType := q.get("LocationType")
	locations := []string{c.config.Region}
	switch locationType {
	case "availability-zone":
		locations = c.zones()
	case "availability-zone-id":
		locations = []string{"sbx1-az1", "sbx1-az2", "sbx1-az3"}
	default:
		locationType = "region"
	}
	var out struct {
		Offerings []offeringXML `xml:"instanceTypeOfferingSet>item"`
	}
	for _, name := range slices.Sorted(maps.Keys(instanceTypes)) {
		for _, l := range locations {
			matched, err := match(q.filters(), attributes{"instance-type": {name}, "location": {l}}, nil)
			if err != nil {
				return nil, err
			}
			if matched {
				out.Offerings = append(out.Offerings, offeringXML{name, locationType, l})
			}
		}
	}
	return out, nil
}
