package infra

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var called = regexp.MustCompile(`client\.([A-Z]\w+)\(ctx|ec2\.New(\w+)Paginator`)

// TestPolicyAllowsEveryCallOfOurOwn reads this package's source for the calls in it. Those of Pulumi's provider are not
// in our source; they are written down in policy.go by hand.
func TestPolicyAllowsEveryCallOfOurOwn(t *testing.T) {
	allowed := slices.Concat(lookActions, makeActions, changeActions)
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range called.FindAllStringSubmatch(string(text), -1) {
			n++
			if call := m[1] + m[2]; !slices.Contains(allowed, "ec2:"+call) {
				t.Errorf("%s calls %s, which the policy does not allow", path, call)
			}
		}
	}
	if n < 15 {
		t.Errorf("%d calls were found: this test has lost its sight", n)
	}
}

func TestPolicyLetsNothingElseBeDeleted(t *testing.T) {
	var policy struct {
		Statement []struct {
			Action    any
			Condition map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(Policy("eu-central-1")), &policy); err != nil {
		t.Fatal(err)
	}
	for _, s := range policy.Statement {
		actions, _ := s.Action.([]any)
		for _, action := range actions {
			name := strings.TrimPrefix(action.(string), "ec2:")
			harmless := strings.HasPrefix(name, "Describe") || slices.Contains(makeActions, "ec2:"+name)
			if !harmless && s.Condition["Null"]["aws:ResourceTag/"+TagRun] != "false" {
				t.Errorf("%s is allowed on what is not ours", name)
			}
			if s.Condition["StringEquals"]["aws:RequestedRegion"] != "eu-central-1" {
				t.Errorf("%s is allowed in any region", name)
			}
		}
	}
}
