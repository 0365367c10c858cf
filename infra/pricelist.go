package infra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"
	"github.com/aws/smithy-go/logging"
)

// pricingRegion is where the price list of all regions is served.
const pricingRegion = "us-east-1"

// FetchPrices asks the provider for the prices of every instance type and of a disk in a region: those of the price list,
// and what spot instances cost now, the median of the region's zones. today is the date that they get.
func FetchPrices(ctx context.Context, region string, today time.Time) (Prices, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{})) // what fails is in the error
	if err != nil {
		return Prices{}, fmt.Errorf("fetch prices: %w", err)
	}
	p := Prices{rows: map[priceKey]Price{}}
	date := today.UTC().Format(time.DateOnly)
	list := pricing.NewFromConfig(settings, func(o *pricing.Options) { o.Region = pricingRegion })
	instances := map[string]string{"regionCode": region, "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA",
		"capacitystatus": "Used", "licenseModel": "No License required"}
	if err := p.fetch(ctx, list, region, date, instances, func(a attributes) string { return a.InstanceType }); err != nil {
		return Prices{}, fmt.Errorf("fetch prices of instances in %s: %w", region, err)
	}
	if len(p.rows) == 0 {
		return Prices{}, fmt.Errorf("fetch prices: the price list has no instances in %q", region)
	}
	disk := map[string]string{"regionCode": region, "volumeApiName": "gp3", "productFamily": "Storage"}
	if err := p.fetch(ctx, list, region, date, disk, func(attributes) string { return diskItem }); err != nil {
		return Prices{}, fmt.Errorf("fetch prices of disks in %s: %w", region, err)
	}
	if err := p.fetchSpot(ctx, ec2.NewFromConfig(settings), region, today); err != nil {
		return Prices{}, fmt.Errorf("fetch spot prices in %s: %w", region, err)
	}
	p.AsOf = p.oldest()
	return p, nil
}

// attributes are those of a product that say what it is.
type attributes struct {
	InstanceType string `json:"instanceType"`
}

// offer is a product of the price list with its terms, as far as it matters here.
type offer struct {
	Product struct {
		Attributes attributes `json:"attributes"`
	} `json:"product"`
	Terms struct {
		OnDemand map[string]struct {
			PriceDimensions map[string]struct {
				PricePerUnit map[string]string `json:"pricePerUnit"`
			} `json:"priceDimensions"`
		} `json:"OnDemand"`
	} `json:"terms"`
}

// dollars is the price of a unit, 0 where the offer has none: some are listed that cannot be bought.
func (o offer) dollars() (float64, error) {
	for _, term := range o.Terms.OnDemand {
		for _, dimension := range term.PriceDimensions {
			if text, ok := dimension.PricePerUnit["USD"]; ok {
				return strconv.ParseFloat(text, 64)
			}
		}
	}
	return 0, nil
}

// fetch takes in all offers that have the attributes.
func (p Prices) fetch(ctx context.Context, list *pricing.Client, region, date string, want map[string]string, item func(attributes) string) error {
	input := &pricing.GetProductsInput{ServiceCode: aws.String("AmazonEC2"), FormatVersion: aws.String("aws_v1"), MaxResults: aws.Int32(100)}
	for field, value := range want {
		input.Filters = append(input.Filters, types.Filter{Type: types.FilterTypeTermMatch, Field: aws.String(field), Value: aws.String(value)})
	}
	pages := pricing.NewGetProductsPaginator(list, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, text := range page.PriceList {
			var o offer
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				return fmt.Errorf("price list: %w", err)
			}
			dollars, err := o.dollars()
			if err != nil {
				return fmt.Errorf("price list: %w", err)
			}
			if name := item(o.Product.Attributes); name != "" && dollars > 0 {
				p.rows[priceKey{region, name}] = Price{OnDemand: dollars, AsOf: date}
			}
		}
	}
	return nil
}

// fetchSpot adds what spot instances cost now.
func (p Prices) fetchSpot(ctx context.Context, client *ec2.Client, region string, now time.Time) error {
	offers := map[string][]float64{}
	pages := ec2.NewDescribeSpotPriceHistoryPaginator(client, &ec2.DescribeSpotPriceHistoryInput{
		StartTime: aws.Time(now), ProductDescriptions: []string{string(ec2types.RIProductDescriptionLinuxUnix)}, MaxResults: aws.Int32(1000),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.SpotPriceHistory {
			dollars, err := strconv.ParseFloat(aws.ToString(s.SpotPrice), 64)
			if err != nil {
				return errors.Join(fmt.Errorf("spot price of %s", s.InstanceType), err)
			}
			offers[string(s.InstanceType)] = append(offers[string(s.InstanceType)], dollars)
		}
	}
	for typ, dollars := range offers {
		key := priceKey{region, typ}
		if price, listed := p.rows[key]; listed {
			slices.Sort(dollars)
			price.Spot = dollars[len(dollars)/2]
			p.rows[key] = price
		}
	}
	return nil
}
