package infra

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The items of a table that are no instances.
const (
	diskItem    = "disk"
	addressItem = "ipv4"
	anyRegion   = "*"
)

// instance says whether the price is one of an instance.
func (k priceKey) instance() bool { return k.item != diskItem && k.item != addressItem }

// ReadPrices reads a table of lines "region,family,on_demand,spot", where the prices are those of the family's large
// size, or "region,type,on_demand,spot" for one type. Lines that begin with # are notes; "# as_of,DATE" is the date of the
// lines below it, and "# sizes,FAMILY,SIZE SIZE…" are those that the family is sold in.
func ReadPrices(r io.Reader) (Prices, error) {
	p := Prices{rows: map[priceKey]Price{}, sizes: map[string][]string{}}
	asOf := ""
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if date, ok := strings.CutPrefix(line, "# as_of,"); ok {
			asOf = date
		}
		if text, ok := strings.CutPrefix(line, "# sizes,"); ok {
			family, sizes, _ := strings.Cut(text, ",")
			p.sizes[family] = strings.Fields(sizes)
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		price, fields, err := readPrice(line)
		if err != nil {
			return Prices{}, fmt.Errorf("read prices line %d: %w", n, err)
		}
		price.AsOf = asOf
		p.rows[priceKey{fields[0], fields[1]}] = price
	}
	if err := lines.Err(); err != nil {
		return Prices{}, fmt.Errorf("read prices: %w", err)
	}
	p.AsOf = p.oldest()
	return p, nil
}

func readPrice(line string) (price Price, fields []string, err error) {
	fields = strings.Split(line, ",")
	if len(fields) != 4 {
		return price, nil, fmt.Errorf("%d fields, want region,family,on_demand,spot", len(fields))
	}
	if price.OnDemand, err = strconv.ParseFloat(fields[2], 64); err != nil || price.OnDemand <= 0 {
		return price, nil, fmt.Errorf("price %q: not a positive number", fields[2])
	}
	if fields[3] != "" {
		if price.Spot, err = strconv.ParseFloat(fields[3], 64); err != nil || price.Spot <= 0 {
			return price, nil, fmt.Errorf("price %q: not a positive number", fields[3])
		}
	}
	return price, fields, nil
}

// oldest is the date of the oldest price of an instance. Dates that cannot be read are older than any.
func (p Prices) oldest() string {
	oldest, found := "", false
	for key, price := range p.rows {
		if !key.instance() {
			continue
		}
		if !found || olderDate(price.AsOf, oldest) {
			oldest, found = price.AsOf, true
		}
	}
	return oldest
}

func olderDate(a, b string) bool {
	at, err := priceDate(a)
	if err != nil {
		return true
	}
	bt, err := priceDate(b)
	return err == nil && at.Before(bt)
}

// With is p with the prices of newer laid over it. Of a region that newer has instances of it has all of them: what is not
// sold there any more has no price.
func (p Prices) With(newer Prices) Prices {
	listed := map[string]bool{}
	for key := range newer.rows {
		if key.instance() {
			listed[key.region] = true
		}
	}
	out := Prices{rows: maps.Clone(p.rows), sizes: p.sizes}
	maps.DeleteFunc(out.rows, func(key priceKey, _ Price) bool { return key.instance() && listed[key.region] })
	maps.Copy(out.rows, newer.rows)
	out.AsOf = out.oldest()
	return out
}

// In is the prices of one region, and those of any.
func (p Prices) In(region string) Prices {
	out := Prices{rows: maps.Clone(p.rows), sizes: p.sizes}
	maps.DeleteFunc(out.rows, func(key priceKey, _ Price) bool { return key.region != region && key.region != anyRegion })
	out.AsOf = out.oldest()
	return out
}

// A Listed is one line of a price table.
type Listed struct {
	Region string `json:"region"`
	Item   string `json:"item"` // a family (its large size), a type, "disk" (a GB a month), "ipv4"
	Price
}

// List is the whole table, by region and item.
func (p Prices) List() []Listed {
	var list []Listed
	for key, price := range p.rows {
		list = append(list, Listed{key.region, key.item, price})
	}
	slices.SortFunc(list, func(a, b Listed) int { return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Item, b.Item)) })
	return list
}

// Write replaces the table at path by this one, as ReadPrices reads it.
func (p Prices) Write(path string) error {
	var b bytes.Buffer
	asOf := ""
	for i, line := range p.List() {
		if i == 0 || line.AsOf != asOf {
			asOf = line.AsOf
			fmt.Fprintf(&b, "# as_of,%s\n", asOf)
		}
		spot := ""
		if line.Spot > 0 {
			spot = strconv.FormatFloat(line.Spot, 'g', -1, 64)
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", line.Region, line.Item, strconv.FormatFloat(line.OnDemand, 'g', -1, 64), spot)
	}
	if err := replaceFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write prices %s: %w", path, err)
	}
	return nil
}

// FetchedPrices is what flashmob prices refresh has fetched; an empty table where it never has.
func (f Files) FetchedPrices() (Prices, error) {
	file, err := os.Open(f.Prices())
	if errors.Is(err, fs.ErrNotExist) {
		return Prices{rows: map[priceKey]Price{}}, nil
	}
	if err != nil {
		return Prices{}, fmt.Errorf("read prices: %w", err)
	}
	defer file.Close()
	fetched, err := ReadPrices(file)
	if err != nil {
		return Prices{}, fmt.Errorf("%s: %w", f.Prices(), err)
	}
	return fetched, nil
}

// KnownPrices is the table that comes with flashmob, under that which was fetched.
func (f Files) KnownPrices() (Prices, error) {
	fetched, err := f.FetchedPrices()
	if err != nil {
		return Prices{}, err
	}
	return ListPrices().With(fetched), nil
}
