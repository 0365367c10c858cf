package infra

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Rung is one way to buy the hosts of a cluster that are still missing.
type Rung struct {
	Zone string `json:"zone"` // empty: the first zone that offers the type
	Type string `json:"type"`
	Spot bool   `json:"spot,omitempty"`
}

func (r Rung) String() string {
	zone, market := r.Zone, "on demand"
	if zone == "" {
		zone = "any zone"
	}
	if r.Spot {
		market = "spot"
	}
	return fmt.Sprintf("%s %s in %s", r.Type, market, zone)
}

// Refusal is a rung that the cloud had no capacity for, and its reason.
type Refusal struct {
	Rung
	Code    string    `json:"code"` // the cloud's word, "InsufficientInstanceCapacity"
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

func (r Refusal) String() string { return fmt.Sprintf("%v: refused, %s", r.Rung, r.Code) }

// NoSuchType reports whether the region has the type in no zone; it may be misspelt.
func (r Refusal) NoSuchType() bool {
	return r.Code == noOffering || r.Code == "InvalidInstanceType" || r.Code == invalidValue
}

const (
	noOffering   = "NoOffering"            // this program's own: no zone of the region offers the type
	invalidValue = "InvalidParameterValue" // a launch's word for a type that it does not know, and for much else
)

// What another try has to change after a refusal.
type remedy int

const (
	otherZone   remedy = iota // the zone is full, or does not have the type
	otherType                 // the region does not have the type
	otherMarket               // the account's limit for this market, or its price
)

// refusals are the cloud's error codes that mean "not this way", as against "not at all".
var refusals = map[string]remedy{
	"InsufficientInstanceCapacity":         otherZone,
	"InsufficientCapacity":                 otherZone,
	"InsufficientHostCapacity":             otherZone,
	"InsufficientReservedInstanceCapacity": otherZone,
	"InsufficientFreeAddressesInSubnet":    otherZone,
	"UnfulfillableCapacity":                otherZone,
	"Unsupported":                          otherZone,
	"UnsupportedOperation":                 otherType,
	"InvalidInstanceType":                  otherType,
	noOffering:                             otherType,
	invalidValue:                           otherType,
	"VcpuLimitExceeded":                    otherMarket,
	"InstanceLimitExceeded":                otherMarket,
	"MaxSpotInstanceCountExceeded":         otherMarket,
	"SpotMaxPriceTooLow":                   otherMarket,
}

var errorCode = regexp.MustCompile(`\b[A-Z][A-Za-z]+\b`)

// ReadRefusal finds a capacity error in what the engine or the cloud said; false when it is an error of another kind.
func ReadRefusal(text string, rung Rung, at time.Time) (Refusal, bool) {
	for line := range strings.Lines(text) {
		for _, word := range errorCode.FindAllString(line, -1) {
			if _, ok := refusals[word]; ok && (word != invalidValue || strings.Contains(line, "InstanceType")) {
				message := strings.Join(strings.Fields(line), " ")
				return Refusal{Rung: rung, Code: word, Message: message, At: at.UTC().Truncate(time.Second)}, true
			}
		}
	}
	return Refusal{}, false
}

// Rungs are all ways to buy what is missing, in the order in which to try them: for each market (spot before on
// demand) each type, for each type each zone. A cluster that has hosts already stays in its zone.
func (s Spec) Rungs() []Rung {
	zones := s.Zones
	if s.Zone != "" {
		zones = []string{s.Zone}
	}
	if len(zones) == 0 {
		zones = []string{""}
	}
	markets := []bool{s.Spot}
	if s.Spot && !s.SpotOnly {
		markets = append(markets, false)
	}
	var rungs []Rung
	for _, spot := range markets {
		for _, typ := range slices.Concat([]string{s.Type}, s.MoreTypes) {
			for _, zone := range zones {
				rungs = append(rungs, Rung{Zone: zone, Type: typ, Spot: spot})
			}
		}
	}
	return rungs
}

// NextRung is the first of rungs that none of the refusals speaks against; false when the ladder ends.
func NextRung(rungs []Rung, refused []Refusal) (Rung, bool) {
	for _, rung := range rungs {
		if !slices.ContainsFunc(refused, func(r Refusal) bool { return r.covers(rung) }) {
			return rung, true
		}
	}
	return Rung{}, false
}

// covers reports whether the refusal says that the rung is of no use either.
func (r Refusal) covers(rung Rung) bool {
	if r.NoSuchType() {
		return r.Type == rung.Type
	}
	if r.Spot != rung.Spot {
		return false
	}
	switch refusals[r.Code] {
	case otherMarket:
		return true
	case otherType:
		return r.Type == rung.Type
	default:
		return r.Type == rung.Type && (r.Zone == rung.Zone || rung.Zone == "")
	}
}

// On is the spec with what is missing bought as the rung says.
func (s Spec) On(rung Rung) Spec {
	s.Zone, s.Type, s.Spot = rung.Zone, rung.Type, rung.Spot
	return s
}
