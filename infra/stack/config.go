package stack

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"flashmob/infra"
)

// Configured is the program for the pulumi command: its spec comes from the stack's configuration (see Pulumi.yaml), its
// keys, its record and its inventory lie under .flashmob in the project's folder, where flashmob's own commands find them.
// It exports the path of the inventory, too.
func Configured(ctx *pulumi.Context) error {
	spec, err := readConfig(ctx)
	if err != nil {
		return err
	}
	c := Cluster{Files: infra.Files{Dir: ctx.RootDirectory() + "/.flashmob", Stack: ctx.Stack()}}
	old, err := c.record()
	if err != nil {
		return err
	}
	if spec, err = old.Continue(spec); err != nil {
		return err
	}
	if spec, err = c.Files.Keys(spec); err != nil {
		return err
	}
	if !ctx.DryRun() || old.Spec.ID == "" {
		// The preview writes the first record too: the ID in the tags has to be the same when pulumi goes on.
		if err := old.Begin(infra.Creating, spec, infra.Me("pulumi up")).Write(c.Files.Record()); err != nil {
			return err
		}
	}
	hosts, err := create(ctx, spec, nil)
	if err != nil {
		return err
	}
	ctx.Export("inventory", hosts.ToArrayOutput().ApplyT(func(made []any) (string, error) {
		if ctx.DryRun() {
			return c.Files.Inventory(), nil
		}
		return c.Files.Inventory(), c.keep(spec, made)
	}))
	return nil
}

// keep notes the hosts that the program has made where flashmob's own commands look for them.
func (c Cluster) keep(spec infra.Spec, made []any) error {
	hosts, lives, err := Hosts(map[string]any{"hosts": made})
	if err != nil {
		return err
	}
	record, err := c.record()
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	var living []string
	for _, life := range lives {
		life.From, life.DiskGB = now, spec.DiskGB
		record.Born(life)
		living = append(living, life.Instance)
	}
	record.Ended(living, now)
	record.State = infra.Up
	if err := record.Write(c.Files.Record()); err != nil {
		return err
	}
	_, err = c.Files.WriteHosts(spec.ID, hosts, lives)
	return err
}

func readConfig(ctx *pulumi.Context) (infra.Spec, error) {
	own, aws := config.New(ctx, ""), config.New(ctx, "aws")
	spec := infra.Spec{
		Stack: ctx.Stack(), Size: own.GetInt("size"), Type: own.Get("type"), MetricsType: own.Get("metricsType"),
		Region: aws.Get("region"), Zone: own.Get("zone"), Spot: own.GetBool("spot"), DiskGB: own.GetInt("diskGB"),
		OperatorCIDR: own.Get("operatorCidr"), PublicKey: strings.TrimSpace(own.Get("publicKey")),
	}
	for key, field := range map[string]*time.Duration{"ttl": &spec.TTL, "idle": &spec.Idle} {
		text := own.Get(key)
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return spec, fmt.Errorf("read configuration %s: %q: not a duration like 4h or 30m", key, text)
		}
		*field = d
	}
	return spec, nil
}
