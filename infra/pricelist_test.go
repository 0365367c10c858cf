package infra_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flashmob/infra"
	"flashmob/infra/infratest"
)

// today is when prices are fetched in these tests.
var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestFetchedPricesReplaceThoseOfTheirRegion(t *testing.T) {
	list := &infratest.PriceList{
		Region: "us-west-2", Disk: "0.07", Instances: map[string]string{"c7g.xlarge": "0.1500", "z9.huge": "4.5", "old.large": "0.0000"},
		Spot: map[string][]string{"c7g.xlarge": {"0.09", "0.05", "0.06"}, "unlisted.large": {"1"}},
	}
	list.Serve(t)
	fetched, err := infra.FetchPrices(context.Background(), "us-west-2", today)
	if err != nil {
		t.Fatal(err)
	}
	files := infra.Files{Dir: filepath.Join(t.TempDir(), ".flashmob")}
	if err := fetched.Write(files.Prices()); err != nil {
		t.Fatal(err)
	}
	known, err := files.KnownPrices()
	if err != nil {
		t.Fatal(err)
	}
	price, err := known.Instance("us-west-2", "c7g.xlarge")
	if err != nil || price != (infra.Price{OnDemand: 0.15, Spot: 0.06, AsOf: "2026-11-25"}) {
		t.Errorf("%+v, %v", price, err)
	}
	if disk, err := known.Disk("us-west-2", 730); err != nil || disk < 0.0699 || disk > 0.0701 {
		t.Errorf("disk %v, %v", disk, err)
	}
	var none *infra.NoPriceError
	for _, typ := range []string{"c5.xlarge", "old.large", "unlisted.large"} { // the list of the region has them not
		if price, err := known.Instance("us-west-2", typ); !errors.As(err, &none) {
			t.Errorf("%s: %+v, %v", typ, price, err)
		}
	}
	if price, err := known.Instance("us-east-1", "c5.xlarge"); err != nil || price.OnDemand != 0.17 {
		t.Errorf("another region: %+v, %v", price, err)
	}
	if asOf := known.In("us-west-2").AsOf; asOf != "2026-11-25" {
		t.Errorf("as of %s", asOf)
	}
	if asOf := known.AsOf; asOf != "2025-06" {
		t.Errorf("all are as of %s", asOf)
	}
}

func TestNothingIsFetchedOfARegionThatIsNone(t *testing.T) {
	(&infratest.PriceList{Region: "us-west-2", Instances: map[string]string{"c7g.xlarge": "0.15"}}).Serve(t)
	if _, err := infra.FetchPrices(context.Background(), "mars-1", today); err == nil || !strings.Contains(err.Error(), "mars-1") {
		t.Errorf("%v", err)
	}
	broken := &infratest.PriceList{Region: "us-west-2", Disk: "0.08", Instances: map[string]string{"c7g.xlarge": "0.15"}, Spot: map[string][]string{"c7g.xlarge": {"cheap"}}}
	broken.Serve(t)
	if _, err := infra.FetchPrices(context.Background(), "us-west-2", today); err == nil || !strings.Contains(err.Error(), "c7g.xlarge") {
		t.Errorf("%v", err)
	}
}

func TestABrokenTableOfFetchedPricesIsAnError(t *testing.T) {
	files := infra.Files{Dir: t.TempDir()}
	if err := os.WriteFile(files.Prices(), []byte("us-west-2,c5,free,\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := files.KnownPrices(); err == nil || !strings.Contains(err.Error(), files.Prices()) {
		t.Errorf("%v", err)
	}
}

func TestSizesThatAFamilyIsNotSoldInHaveNoPrice(t *testing.T) {
	p := infra.ListPrices()
	var none *infra.NoPriceError
	for _, typ := range []string{"c5.16xlarge", "c5.medium", "t3.4xlarge", "c7g.24xlarge"} {
		if price, err := p.Instance("us-east-1", typ); !errors.As(err, &none) {
			t.Errorf("%s: %+v, %v", typ, price, err)
		}
	}
	for typ, want := range map[string]int{"c7g.medium": 1, "c5.large": 2, "c5.4xlarge": 16, "t3.nano": 2, "t4g.2xlarge": 8, "c5.9xlarge": 36} {
		if n, err := infra.VCPUs(typ); err != nil || n != want {
			t.Errorf("%s has %d processors, want %d: %v", typ, n, want, err)
		}
		if _, err := p.Instance("us-east-1", typ); err != nil {
			t.Error(err)
		}
	}
	for _, typ := range []string{"c5", "c5.huge", ".large"} {
		if n, err := infra.VCPUs(typ); err == nil {
			t.Errorf("%q has %d processors", typ, n)
		}
	}
}

func TestEveryRegionOfTheTableHasAllThatAHostNeeds(t *testing.T) {
	p := infra.ListPrices()
	for _, region := range p.Regions() {
		if region == "*" {
			continue
		}
		for _, spot := range []bool{false, true} {
			if hourly, err := p.HostHourly(region, "c5.xlarge", spot, 20); err != nil || hourly < 0.05 || hourly > 0.5 {
				t.Errorf("%s, spot %t: %v, %v", region, spot, hourly, err)
			}
		}
	}
	for _, line := range p.List() {
		if line.Spot >= line.OnDemand && line.Spot > 0 {
			t.Errorf("spot is not cheaper: %+v", line)
		}
	}
}
