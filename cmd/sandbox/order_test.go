package main

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"flashmob/internal/sandbox"
)

func TestFaultsAreReadAsAPersonWritesThem(t *testing.T) {
	spot := true
	for words, want := range map[string]sandbox.Fault{
		"slow-boot for=90s name=*workers-2":             {Kind: sandbox.SlowBoot, For: 90 * time.Second, Name: "*workers-2"},
		"capacity zone=us-west-2a spot=true times=-1":   {Kind: sandbox.Capacity, Zone: "us-west-2a", Spot: &spot, Times: -1},
		"preempt after=3s":                              {Kind: sandbox.Preempt, After: 3 * time.Second},
		"slow-link rate=500000 type=c5.*":               {Kind: sandbox.SlowLink, Rate: 500000, Type: "c5.*"},
		"api-error action=Run* code=Boom lost=1":        {Kind: sandbox.APIError, Action: "Run*", Code: "Boom", Lost: true},
		"late action=CreateVpc for=1m skip=2":           {Kind: sandbox.Late, Action: "CreateVpc", For: time.Minute, Skip: 2},
		"api-error action=Describe* status=503 times=9": {Kind: sandbox.APIError, Action: "Describe*", Status: 503, Times: 9},
	} {
		if got, err := readFault(strings.Fields(words)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", words, got, err, want)
		}
	}
	for words, want := range map[string]string{
		"":                     "KIND",
		"slow-boot 90s":        `order "90s": not FIELD=VALUE`,
		"slow-boot for=ninety": `order "for=ninety": `,
		"slow-boot size=3":     `unknown field "size"`,
		"slow-link rate=fast":  `order "rate=fast": `,
	} {
		if fault, err := readFault(strings.Fields(words)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v", words, fault, err)
		}
	}
}
