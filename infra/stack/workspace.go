package stack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flashmob/infra"
)

// project is the Pulumi project's name, part of every URN in the state: it must never change.
const project = "flashmob"

// open selects the cluster's stack, or makes it, when no engine works on it any more (see quiet), and takes away the
// locks of dead ones. The backend is PULUMI_BACKEND_URL, or files in Files.State.
func (c Cluster) open(ctx context.Context, region string, stale *infra.Holder) (auto.Stack, error) {
	if err := c.quiet(ctx, stale); err != nil {
		return auto.Stack{}, err
	}
	stack, err := c.selectStack(ctx, region)
	if err != nil {
		return auto.Stack{}, err
	}
	return stack, c.unlock(ctx, stack, stale)
}

func (c Cluster) selectStack(ctx context.Context, region string) (auto.Stack, error) {
	var none auto.Stack
	command, err := findEngine(ctx, c.notify)
	if err != nil {
		return none, err
	}
	env, err := c.environment()
	if err != nil {
		return none, err
	}
	dir := c.Files.Workspace()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return none, fmt.Errorf("open stack %s: %w", c.Files.Name(), err)
	}
	ws, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(dir), auto.Pulumi(command), auto.EnvVars(env),
		auto.Program(func(*pulumi.Context) error { return nil }),
		auto.Project(workspace.Project{Name: project, Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))
	if err != nil {
		return none, fmt.Errorf("open stack %s: %w", c.Files.Name(), err)
	}
	if err := setRegion(ctx, ws, c.Files.Name(), region); err != nil {
		return none, fmt.Errorf("open stack %s: set region: %w", c.Files.Name(), err)
	}
	stack, err := auto.UpsertStack(ctx, c.Files.Name(), ws)
	if err != nil {
		return none, fmt.Errorf("open stack %s: %w", c.Files.Name(), brief(err))
	}
	return stack, nil
}

// setRegion writes the one setting that the provider needs into the stack's settings file and keeps the rest of it.
func setRegion(ctx context.Context, ws auto.Workspace, name, region string) error {
	settings, err := ws.StackSettings(ctx, name)
	if err != nil {
		settings = &workspace.ProjectStack{} // there is none yet
	}
	if settings.Config == nil {
		settings.Config = config.Map{}
	}
	settings.Config[config.MustMakeKey("aws", "region")] = config.NewValue(region)
	return ws.SaveStackSettings(ctx, name, settings)
}

// environment is what the pulumi command gets on top of this process's own environment.
func (c Cluster) environment() (map[string]string, error) {
	env := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"}
	if os.Getenv("PULUMI_BACKEND_URL") == "" {
		dir, err := filepath.Abs(c.Files.State())
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err != nil {
			return nil, fmt.Errorf("open state: %w", err)
		}
		env["PULUMI_BACKEND_URL"] = "file://" + dir
	}
	_, given := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE")
	if !given && os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE") == "" {
		passphrase, err := keepPassphrase(c.Files.Passphrase())
		if err != nil {
			return nil, err
		}
		env["PULUMI_CONFIG_PASSPHRASE"] = passphrase
	}
	return env, nil
}

// keepPassphrase reads the passphrase at path, or makes one there; two that make one at once agree on the first.
func keepPassphrase(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make passphrase: %w", err)
	}
	fresh := path + "." + rand.Text()
	if err := os.WriteFile(fresh, []byte(rand.Text()+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("make passphrase: %w", err)
	}
	defer os.Remove(fresh)
	if err := os.Link(fresh, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make passphrase: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// state is what Pulumi believes to exist.
type state struct {
	resources []apitype.ResourceV3
	pending   int // operations that were under way when the engine died
}

func readState(ctx context.Context, stack auto.Stack) (state, error) {
	exported, err := stack.Export(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read state of %s: %w", stack.Name(), brief(err))
	}
	var d apitype.DeploymentV3
	if len(exported.Deployment) > 0 {
		if err := json.Unmarshal(exported.Deployment, &d); err != nil {
			return state{}, fmt.Errorf("read state of %s: %w", stack.Name(), err)
		}
	}
	return state{resources: d.Resources, pending: len(d.PendingOperations)}, nil
}

// ids are the cloud's IDs of everything in the state; a key pair goes by its other name too.
func (s state) ids() map[string]bool {
	ids := map[string]bool{}
	for _, r := range s.resources {
		ids[string(r.ID)] = true
		if id, ok := r.Outputs["keyPairId"].(string); ok {
			ids[id] = true
		}
		if disks, ok := r.Outputs["rootBlockDevice"].(map[string]any); ok {
			if id, ok := disks["volumeId"].(string); ok {
				ids[id] = true
			}
		}
	}
	delete(ids, "")
	return ids
}

// instances are the lives of the instances in the state, without their beginnings.
func (s state) instances() []infra.Life {
	var lives []infra.Life
	for _, r := range s.resources {
		if r.Type != "aws:ec2/instance:Instance" || r.Delete || r.ID == "" {
			continue
		}
		typ, _ := r.Inputs["instanceType"].(string)
		lives = append(lives, infra.Life{
			Host: r.URN.Name(), Instance: string(r.ID),
			Placement: infra.Placement{Type: typ, Spot: r.Inputs["instanceMarketOptions"] != nil},
		})
	}
	return lives
}

// brief keeps of the engine's long report the lines that say what went wrong.
func brief(err error) error {
	if err == nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "error:") {
			lines = append(lines, strings.TrimSpace(strings.TrimPrefix(line, "error:")))
		}
	}
	if len(lines) == 0 {
		return err
	}
	return &engineError{text: strings.Join(lines, "; "), err: err}
}

// engineError shows what went wrong and keeps the whole report for errors.As.
type engineError struct {
	text string
	err  error
}

func (e *engineError) Error() string { return e.text }
func (e *engineError) Unwrap() error { return e.err }
