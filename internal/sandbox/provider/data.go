package provider

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// functions are the questions that a program can ask.
var functions = map[string]func(context.Context, *client, props) (props, error){
	"aws:ssm/getParameter:getParameter":                         getParameter,
	"aws:ec2/getAmi:getAmi":                                     getAmi,
	"aws:index/getAvailabilityZones:getAvailabilityZones":       getAvailabilityZones,
	"aws:ec2/getInstanceTypeOffering:getInstanceTypeOffering":   getInstanceTypeOffering,
	"aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": getInstanceTypeOfferings,
}

func getParameter(ctx context.Context, c *client, in props) (props, error) {
	out, err := c.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: in.optText("name"),
		WithDecryption: in.optFlag("withDecryption")})
	if err != nil {
		return nil, err
	}
	p := out.Parameter
	return props{"id": aws.ToString(p.Name), "name": aws.ToString(p.Name), "value": aws.ToString(p.Value),
		"insecureValue": aws.ToString(p.Value), "type": string(p.Type), "version": float64(p.Version),
		"arn": aws.ToString(p.ARN)}, nil
}

func getAmi(ctx context.Context, c *client, in props) (props, error) {
	out, err := c.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: in.texts("owners"), Filters: filters(in)})
	if err != nil {
		return nil, err
	}
	found := out.Images
	if pattern := in.text("nameRegex"); pattern != "" {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("nameRegex: %w", err)
		}
		found = slices.DeleteFunc(found, func(i types.Image) bool { return !re.MatchString(aws.ToString(i.Name)) })
	}
	slices.SortFunc(found, func(a, b types.Image) int {
		return cmp.Compare(aws.ToString(b.CreationDate), aws.ToString(a.CreationDate))
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("your query returned no results; change your search criteria and try again")
	}
	if len(found) > 1 && !in.flag("mostRecent") {
		return nil, fmt.Errorf("your query returned more than one result; try a more specific search, or set mostRecent")
	}
	i := found[0]
	return props{"id": aws.ToString(i.ImageId), "imageId": aws.ToString(i.ImageId), "name": aws.ToString(i.Name),
		"architecture": string(i.Architecture), "creationDate": aws.ToString(i.CreationDate),
		"ownerId": aws.ToString(i.OwnerId), "rootDeviceName": aws.ToString(i.RootDeviceName)}, nil
}

func getAvailabilityZones(ctx context.Context, c *client, in props) (props, error) {
	f := filters(in)
	if s := in.text("state"); s != "" {
		f = append(f, types.Filter{Name: aws.String("state"), Values: []string{s}})
	}
	out, err := c.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: f})
	if err != nil {
		return nil, err
	}
	var names, ids []string
	for _, z := range out.AvailabilityZones {
		if !slices.Contains(in.texts("excludeNames"), aws.ToString(z.ZoneName)) {
			names, ids = append(names, aws.ToString(z.ZoneName)), append(ids, aws.ToString(z.ZoneId))
		}
	}
	return props{"id": "zones", "names": anys(names), "zoneIds": anys(ids), "groupNames": []any{}}, nil
}

func getInstanceTypeOfferings(ctx context.Context, c *client, in props) (props, error) {
	var typeNames, locations, locationTypes []string
	pages := ec2.NewDescribeInstanceTypeOfferingsPaginator(c.ec2, &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationType(in.text("locationType")), Filters: filters(in)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.InstanceTypeOfferings {
			typeNames = append(typeNames, string(o.InstanceType))
			locations = append(locations, aws.ToString(o.Location))
			locationTypes = append(locationTypes, string(o.LocationType))
		}
	}
	return props{"id": "offerings", "instanceTypes": anys(typeNames), "locations": anys(locations),
		"locationTypes": anys(locationTypes)}, nil
}

// getInstanceTypeOffering picks one offering: the first preferred type that there is.
func getInstanceTypeOffering(ctx context.Context, c *client, in props) (props, error) {
	all, err := getInstanceTypeOfferings(ctx, c, in)
	if err != nil {
		return nil, err
	}
	offered := all.texts("instanceTypes")
	if len(offered) == 0 {
		return nil, fmt.Errorf("no EC2 Instance Type Offerings found matching criteria; try different search")
	}
	chosen := offered[0]
	for _, p := range in.texts("preferredInstanceTypes") {
		if slices.Contains(offered, p) {
			chosen = p
			break
		}
	}
	return props{"id": chosen, "instanceType": chosen}, nil
}

// filters reads the list of filters, each with a name and values.
func filters(in props) []types.Filter {
	var out []types.Filter
	for _, f := range in.each("filters") {
		out = append(out, types.Filter{Name: aws.String(strings.TrimSpace(f.text("name"))), Values: f.texts("values")})
	}
	return out
}
