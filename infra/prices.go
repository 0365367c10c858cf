package infra

import (
	"bufio"
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Prices is what things cost, by region. The zero value knows no price.
type Prices struct {
	// AsOf is the date of the table, "2025-06".
	AsOf string
	rows map[priceKey]Price
}

// old is the age from which on prices are shown with their date: lists change once or twice a year.
const old = 180 * 24 * time.Hour

// Note says of what date the prices are if that is long before now, "prices of 2025-06"; else it is empty. A date that
// cannot be read is not trusted, and said.
func (p Prices) Note(now time.Time) string {
	date, err := time.Parse("2006-01", p.AsOf)
	if err == nil && now.Sub(date) < old {
		return ""
	}
	return "prices of " + cmp.Or(p.AsOf, "an unknown date")
}

type priceKey struct{ region, item string }

// Price is dollars an hour.
type Price struct {
	OnDemand float64 `json:"on_demand"`
	// Spot is a typical price, not an offer: the market moves by the hour.
	Spot float64 `json:"spot,omitempty"`
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
		if key.region == "*" || family == "disk" {
			continue
		}
		if whole {
			near[key.item] = true
			continue
		}
		for _, s := range []string{"large", "xlarge", "2xlarge", "4xlarge", size} {
			if sizes[s] != 0 {
				near[family+"."+s] = true
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(near), func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(typ, a), distance(typ, b)), cmp.Compare(a, b))
	})
	return names[:min(3, len(names))]
}

// distance is how many letters have to be added, taken or changed to make b of a (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
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
		regions = append(regions, key.region)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// ReadPrices reads a table of lines "region,family,on_demand,spot", where the prices are those of the family's large
// size, or "region,type,on_demand,spot" for one type. Lines that begin with # are notes; "# as_of,DATE" is the date.
func ReadPrices(r io.Reader) (Prices, error) {
	p := Prices{rows: map[priceKey]Price{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if date, ok := strings.CutPrefix(line, "# as_of,"); ok {
			p.AsOf = date
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) != 4 {
			return Prices{}, fmt.Errorf("read prices line %d: %d fields, want region,family,on_demand,spot", n, len(fields))
		}
		onDemand, err := strconv.ParseFloat(fields[2], 64)
		if err != nil || onDemand <= 0 {
			return Prices{}, fmt.Errorf("read prices line %d: price %q: not a positive number", n, fields[2])
		}
		spot := 0.0
		if fields[3] != "" {
			if spot, err = strconv.ParseFloat(fields[3], 64); err != nil || spot <= 0 {
				return Prices{}, fmt.Errorf("read prices line %d: price %q: not a positive number", n, fields[3])
			}
		}
		p.rows[priceKey{fields[0], fields[1]}] = Price{OnDemand: onDemand, Spot: spot}
	}
	if err := lines.Err(); err != nil {
		return Prices{}, fmt.Errorf("read prices: %w", err)
	}
	return p, nil
}

// With is p with the prices of newer laid over it.
func (p Prices) With(newer Prices) Prices {
	rows := maps.Clone(p.rows)
	maps.Copy(rows, newer.rows)
	return Prices{AsOf: newer.AsOf, rows: rows}
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
	if !known || !sized {
		return Price{}, &NoPriceError{region, typ}
	}
	return Price{OnDemand: price.OnDemand * factor, Spot: price.Spot * factor}, nil
}

const hoursPerMonth = 730 // as AWS counts

// Disk is the price of a root volume in dollars an hour.
func (p Prices) Disk(region string, gb int) (float64, error) {
	price, ok := p.rows[priceKey{region, "disk"}]
	if !ok {
		return 0, &NoPriceError{region, "gp3 disk"}
	}
	return price.OnDemand * float64(gb) / hoursPerMonth, nil
}

// IPv4 is the price of a public address in dollars an hour.
func (p Prices) IPv4(region string) (float64, error) {
	price, ok := p.rows[priceKey{"*", "ipv4"}]
	if !ok {
		return 0, &NoPriceError{region, "public IPv4 address"}
	}
	return price.OnDemand, nil
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
