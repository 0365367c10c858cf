package infratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// PriceList stands in for the provider's price list and its spot market: answers of the same shape, a page an offer.
type PriceList struct {
	Region    string
	Instances map[string]string   // dollars an hour, by type
	Disk      string              // dollars for a GB a month
	Spot      map[string][]string // dollars an hour, by type: a zone each
	Asked     []string            // the operations, in order
}

// Serve makes the list the one that AWS's SDK finds, until the test ends.
func (l *PriceList) Serve(t testing.TB) {
	t.Helper()
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	for _, env := range [][2]string{
		{"AWS_ENDPOINT_URL", server.URL}, {"AWS_ACCESS_KEY_ID", "test"}, {"AWS_SECRET_ACCESS_KEY", "test"},
		{"AWS_EC2_METADATA_DISABLED", "true"}, {"AWS_CONFIG_FILE", "/dev/null"}, {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
		{"AWS_PROFILE", ""}, {"AWS_MAX_ATTEMPTS", "1"},
	} {
		t.Setenv(env[0], env[1])
	}
}

// ServeHTTP answers GetProducts and DescribeSpotPriceHistory.
func (l *PriceList) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if target := r.Header.Get("X-Amz-Target"); strings.HasSuffix(target, ".GetProducts") {
		l.Asked = append(l.Asked, "GetProducts")
		l.products(w, r)
		return
	}
	l.Asked = append(l.Asked, r.FormValue("Action"))
	var items strings.Builder
	for typ, offers := range l.Spot {
		for i, dollars := range offers {
			fmt.Fprintf(&items, `<item><instanceType>%s</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>%s</spotPrice>`+
				`<timestamp>2026-11-25T12:00:00.000Z</timestamp><availabilityZone>%s%c</availabilityZone></item>`, typ, dollars, l.Region, 'a'+i)
		}
	}
	fmt.Fprintf(w, `<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>`+
		`<spotPriceHistorySet>%s</spotPriceHistorySet></DescribeSpotPriceHistoryResponse>`, items.String())
}

func (l *PriceList) products(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ServiceCode, NextToken string
		Filters                []struct{ Field, Value, Type string }
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	want := map[string]string{}
	for _, f := range asked.Filters {
		want[f.Field] = f.Value
	}
	var offers []string
	offer := func(attributes map[string]string, dollars string) {
		text, _ := json.Marshal(map[string]any{
			"product": map[string]any{"attributes": attributes}, "publicationDate": "2026-11-20T00:00:00Z",
			"terms": map[string]any{"OnDemand": map[string]any{"X.Y": map[string]any{"priceDimensions": map[string]any{
				"X.Y.Z": map[string]any{"unit": "Hrs", "pricePerUnit": map[string]string{"USD": dollars}},
			}}}},
		})
		offers = append(offers, string(text))
	}
	switch {
	case asked.ServiceCode != "AmazonEC2" || want["regionCode"] != l.Region:
	case want["volumeApiName"] == "gp3":
		offer(map[string]string{"volumeApiName": "gp3"}, l.Disk)
	case want["operatingSystem"] == "Linux" && want["tenancy"] == "Shared" && want["capacitystatus"] == "Used":
		for _, typ := range slices.Sorted(maps.Keys(l.Instances)) { // in an order that pages keep
			offer(map[string]string{"instanceType": typ, "vcpu": "4"}, l.Instances[typ])
		}
	}
	page := 0
	fmt.Sscan(asked.NextToken, &page)
	answer := map[string]any{"FormatVersion": "aws_v1", "PriceList": []string{}}
	if page < len(offers) {
		answer["PriceList"] = offers[page : page+1]
		if page+1 < len(offers) {
			answer["NextToken"] = fmt.Sprint(page + 1)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer) // the client sees what is cut off
}
