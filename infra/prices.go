package infra

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/agext/levenshtein"
)

// Prices is what things cost, by region. The zero value knows no price.
type Prices struct {
	// AsOf is the date of the oldest price of an instance in it, "2025-06" or "2026-11-25".
	AsOf  string
	rows  map[priceKey]Price
	sizes map[string][]string // that a family is sold in; all where it is not named
}

// Prices older than old are shown with their date, for lists change once or twice a year; those older than stale with a
// warning.
const (
	old   = 180 * 24 * time.Hour
	stale = 365 * 24 * time.Hour
)

// Note says of what date the prices are if that is long before now, "prices of 2025-06"; else it is empty. A date that
// cannot be read is not trusted, and said.
func (p Prices) Note(now time.Time) string {
	date, err := priceDate(p.AsOf)
	note := "prices of " + cmp.Or(p.AsOf, "an unknown date")
	switch {
	case err == nil && now.Sub(date) < old:
		return ""
	case err == nil && now.Sub(date) > stale:
		return note + ", more than a year old"
	}
	return note
}

// priceDate reads the date of a table: a month, or a day.
func priceDate(asOf string) (time.Time, error) {
	if date, err := time.Parse(time.DateOnly, asOf); err == nil {
		return date, nil
	}
	return time.Parse("2006-01", asOf)
}

type priceKey struct{ region, item string }

// Price is dollars an hour.
type Price struct {
	OnDemand float64 `json:"on_demand"`
	// Spot is a typical price, not an offer: the market moves by the hour.
	Spot float64 `json:"spot,omitempty"`
	// AsOf is its date.
	AsOf string `json:"as_of,omitempty"`
}

// On is the price in one market.
func (p Price) On(spot bool) float64 {
	if spot {
		return p.Spot
	}
	return p.OnDemand
}

// NoPriceError says that the table has no price: flashmob shows that rather than a guess.
type NoPriceError struct{ Region, Item string }

func (e *NoPriceError) Error() string {
	return fmt.Sprintf("price %s in %s: not in the price table", e.Item, e.Region)
}

// Near are the instance types of the table whose names are most like typ, the nearest first: what somebody who wrote
// typ may have meant.
func (p Prices) Near(typ string) []string {
	_, size, _ := strings.Cut(typ, ".")
	near := map[string]bool{}
	for key := range p.rows {
		family, _, whole := strings.Cut(key.item, ".")
		if !key.instance() {
			continue
		}
		if whole {
			near[key.item] = true
			continue
		}
		for _, s := range []string{"large", "xlarge", "2xlarge", "4xlarge", size} {
			if sizes[s] != 0 && (p.sizes[family] == nil || slices.Contains(p.sizes[family], s)) {
				near[family+"."+s] = true
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(near), func(a, b string) int {
		return cmp.Or(cmp.Compare(levenshtein.Distance(typ, a, nil), levenshtein.Distance(typ, b, nil)), cmp.Compare(a, b))
	})
	return names[:min(3, len(names))]
}

//go:embed prices.csv
var listPrices string

var parsePrices = sync.OnceValues(func() (Prices, error) { return ReadPrices(strings.NewReader(listPrices)) })

// ListPrices is the table that comes with flashmob: list prices as of its date, without taxes and data transfer.
func ListPrices() Prices {
	p, err := parsePrices()
	if err != nil {
		panic(err) // a test parses it
	}
	return p
}

// Regions returns the regions that the table has prices for, in order.
func (p Prices) Regions() []string {
	var regions []string
	for key := range p.rows {
		if key.region != anyRegion {
			regions = append(regions, key.region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// sizes are the instance sizes as multiples of large.
var sizes = map[string]float64{
	"nano": 1. / 16, "micro": 1. / 8, "small": 1. / 4, "medium": 1. / 2, "large": 1, "xlarge": 2, "2xlarge": 4,
	"4xlarge": 8, "8xlarge": 16, "9xlarge": 18, "12xlarge": 24, "16xlarge": 32, "18xlarge": 36, "24xlarge": 48,
	"32xlarge": 64, "48xlarge": 96,
}

// Instance is the price of an instance type; a *NoPriceError where the table has none.
func (p Prices) Instance(region, typ string) (Price, error) {
	family, size, _ := strings.Cut(typ, ".")
	if price, ok := p.rows[priceKey{region, typ}]; ok && size != "" {
		return price, nil
	}
	price, known := p.rows[priceKey{region, family}]
	factor, sized := sizes[size]
	if !known || !sized || p.sizes[family] != nil && !slices.Contains(p.sizes[family], size) {
		return Price{}, &NoPriceError{region, typ}
	}
	return Price{OnDemand: price.OnDemand * factor, Spot: price.Spot * factor, AsOf: price.AsOf}, nil
}

const hoursPerMonth = 730 // as AWS counts

// VCPUs is how many processors an instance type has, which is how many slots a worker on it has.
func VCPUs(typ string) (int, error) {
	family, size, _ := strings.Cut(typ, ".")
	factor, ok := sizes[size]
	switch {
	case !ok || family == "":
		return 0, fmt.Errorf("instance type %q: not of the form c7g.xlarge, with a size from nano to 48xlarge", typ)
	case strings.HasPrefix(family, "t"): // burstable types have two at least, and not all of the time
		return max(2, int(2*factor)), nil
	}
	return max(1, int(2*factor)), nil
}

// Disk is the price of a root volume in dollars an hour.
func (p Prices) Disk(region string, gb int) (float64, error) {
	price, ok := p.rows[priceKey{region, diskItem}]
	if !ok {
		return 0, &NoPriceError{region, "gp3 disk"}
	}
	return price.OnDemand * float64(gb) / hoursPerMonth, nil
}

// IPv4 is the price of a public address in dollars an hour.
func (p Prices) IPv4(region string) (float64, error) {
	price, ok := p.rows[priceKey{anyRegion, addressItem}]
	if !ok {
		return 0, &NoPriceError{region, "public IPv4 address"}
	}
	return price.OnDemand, nil
}

// HostHourly is what one host of a type costs an hour, with its disk and its address.
func (p Prices) HostHourly(region, typ string, spot bool, diskGB int) (float64, error) {
	return p.host(region, Placement{Type: typ, Spot: spot}, diskGB)
}

// Hourly is what the whole cluster costs in dollars an hour while it is up: hosts, disks and addresses.
func (p Prices) Hourly(spec Spec) (float64, error) {
	sum := 0.0
	for _, in := range spec.Instances() {
		rate, err := p.host(spec.Region, in.Placement, spec.DiskGB)
		if err != nil {
			return 0, err
		}
		sum += rate
	}
	return sum, nil
}

// host is what one host costs an hour, with its disk and its address.
func (p Prices) host(region string, place Placement, diskGB int) (float64, error) {
	instance, err := p.Instance(region, place.Type)
	if err != nil {
		return 0, err
	}
	if place.Spot && instance.Spot == 0 {
		return 0, &NoPriceError{region, "spot " + place.Type}
	}
	disk, err := p.Disk(region, diskGB)
	if err != nil {
		return 0, err
	}
	address, err := p.IPv4(region)
	if err != nil {
		return 0, err
	}
	return instance.On(place.Spot) + disk + address, nil
}
