package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"flashmob/infra/infratest"
)

func TestPricesAreRefreshedFromTheProvidersList(t *testing.T) {
	t.Chdir(t.TempDir())
	list := &infratest.PriceList{Region: "eu-west-1", Disk: "0.09", Instances: map[string]string{"c5.large": "0.123", "c9x.large": "0.3"},
		Spot: map[string][]string{"c5.large": {"0.05"}}}
	list.Serve(t)
	call := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if exit := execute(context.Background(), args, strings.NewReader(""), &out, &out); exit != want {
			t.Errorf("%v: exit code %d, want %d:\n%s", args, exit, want, &out)
		}
		return out.String()
	}
	if said := call(0, "prices", "refresh", "--region", "eu-west-1"); !strings.Contains(said, "prices   of 2 instance types in eu-west-1") {
		t.Errorf("%s", said)
	}
	if said := call(0, "prices", "--region", "eu-west-1", "--type", "c5.large,c9x.large"); !strings.Contains(said, "$0.12300   $0.05000") {
		t.Errorf("%s", said)
	}
	// Another region is fetched beside it.
	list.Region, list.Instances = "us-east-1", map[string]string{"c5.large": "0.5"}
	call(0, "prices", "refresh", "--region", "us-east-1")
	if said := call(0, "prices", "--region", "eu-west-1", "--type", "c5.large"); !strings.Contains(said, "$0.12300") {
		t.Errorf("%s", said)
	}
	// What cannot be fetched leaves what is there.
	if said := call(exitInfrastructure, "prices", "refresh", "--region", "mars-1"); !strings.Contains(said, `no instances in "mars-1"`) {
		t.Errorf("%s", said)
	}
	if said := call(0, "prices", "--region", "us-east-1", "--type", "c5.large"); !strings.Contains(said, "$0.50000") {
		t.Errorf("%s", said)
	}
	if _, err := os.Stat(".flashmob/prices.csv"); err != nil {
		t.Error(err)
	}
}
