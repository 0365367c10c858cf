package stack

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra"
)

func configured(t *testing.T, dir string, dry bool, settings map[string]string) (*mocks, error) {
	t.Helper()
	m := &mocks{made: map[string]pulumi.MockResourceArgs{}}
	err := pulumi.RunErr(Configured, pulumi.WithMocks("flashmob", "nightly", m), func(info *pulumi.RunInfo) {
		info.RootDirectory, info.DryRun, info.Config = dir, dry, settings
	})
	return m, err
}

// Under the pulumi command the preview and the update that follows it are one cluster, and so is the next update.
func TestConfiguredKeepsTheClusterFromRunToRun(t *testing.T) {
	dir := t.TempDir()
	settings := map[string]string{
		"flashmob:size": "2", "flashmob:operatorCidr": "203.0.113.7/32", "flashmob:ttl": "1h", "aws:region": "us-west-2",
	}
	var runs []any
	for _, dry := range []bool{true, false, false} {
		m, err := configured(t, dir, dry, settings)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.made["workers-1"]; !ok || len(m.made) < 11 {
			t.Errorf("made %d resources", len(m.made))
		}
		runs = append(runs, plain(t, m.made["vpc"])["tags"].(map[string]any)[infra.TagRun])
	}
	if runs[0] != runs[1] || runs[1] != runs[2] {
		t.Errorf("clusters %v", runs)
	}
	record, err := infra.ReadRecord(infra.Files{Dir: dir + "/.flashmob", Stack: "nightly"}.Record())
	if err != nil || record.Spec.ID != runs[0] || record.Spec.TTL.Hours() != 1 || record.Holder.Operation != "pulumi up" {
		t.Errorf("record: %v, %+v", err, record)
	}
}

func TestConfiguredSaysWhatIsMissing(t *testing.T) {
	for _, tc := range []struct {
		settings map[string]string
		want     string
	}{
		{nil, "how many hosts?"},
		{map[string]string{"flashmob:size": "2"}, `operator address "": not a network`},
		{map[string]string{"flashmob:size": "2", "flashmob:ttl": "soon"}, `read configuration ttl: "soon"`},
	} {
		if _, err := configured(t, t.TempDir(), true, tc.settings); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.settings, err, tc.want)
		}
	}
}
