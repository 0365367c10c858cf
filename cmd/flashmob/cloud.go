package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"flashmob/infra"
)

// The clouds that there are.
const (
	cloudAWS     = "aws"
	cloudSandbox = "sandbox"
)

// cloudFlags say which cloud, and which cluster in it.
type cloudFlags struct {
	cloud string
	stack string
}

func (c *cloudFlags) register(f *pflag.FlagSet) {
	f.StringVar(&c.cloud, "cloud", "", "aws, or sandbox: a cloud on this machine, for trying it all out (default: the one that up used last)")
	f.StringVar(&c.stack, "stack", "", "`NAME` of the cluster (default flashmob)")
}

// files returns where the cluster's files lie.
func (c cloudFlags) files() infra.Files { return infra.Files{Stack: c.stack} }

// cloudFile remembers which cloud a cluster is in.
func (c cloudFlags) cloudFile() string { return filepath.Join(c.files().Cluster(), "cloud") }

// enter makes the cloud the one that AWS's tools and Pulumi find, and returns what is known of the way there.
func (c *cloudFlags) enter(ctx context.Context) (way, error) {
	if c.cloud == "" {
		c.cloud = c.remembered()
	}
	switch c.cloud {
	case cloudAWS:
		return way{}, nil
	case cloudSandbox:
		return enterSandbox(ctx)
	}
	return way{}, usagef("cloud %q: must be aws or sandbox", c.cloud)
}

// remembered returns the cloud that the cluster is in, or would be.
func (c cloudFlags) remembered() string {
	text, err := os.ReadFile(c.cloudFile())
	if err != nil {
		return cloudAWS
	}
	return strings.TrimSpace(string(text))
}

// remember keeps which cloud the cluster is in, for the commands after up.
func (c cloudFlags) remember() error {
	if err := os.MkdirAll(c.files().Cluster(), 0o700); err != nil {
		return err
	}
	return os.WriteFile(c.cloudFile(), []byte(c.cloud+"\n"), 0o600)
}

// way is how to reach a cloud, where it knows better than the user's own settings.
type way struct {
	Env      map[string]string `json:"env"`
	Region   string            `json:"region"`
	Operator string            `json:"operator"`
}

// sandboxFolder is where the sandbox keeps its things.
const sandboxFolder = ".flashmob/sandbox"

// enterSandbox starts the sandbox, or finds it running.
func enterSandbox(ctx context.Context) (way, error) {
	program, err := beside("sandbox")
	if err != nil {
		return way{}, err
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, program, "start", sandboxFolder)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return way{}, withHint(infraError{fmt.Errorf("start sandbox: %s", strings.TrimPrefix(strings.TrimSpace(stderr.String()), "sandbox: "))},
			"the sandbox makes hosts of this machine's namespaces: it needs Linux, root, sshd and nft (apt-get install openssh-server nftables)")
	}
	var w way
	if err := json.Unmarshal(out, &w); err != nil {
		return way{}, fmt.Errorf("start sandbox: %w", err)
	}
	for name, value := range w.Env {
		if err := os.Setenv(name, value); err != nil {
			return way{}, err
		}
	}
	return w, nil
}

// beside returns the path of a program that was built with this one.
func beside(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := exec.LookPath(path); err != nil {
		return "", withHint(&os.PathError{Op: "start", Path: path, Err: errNoProgram}, "make build-all puts it beside flashmob")
	}
	return path, nil
}

// addressService answers with the address that a request comes from.
const addressService = "https://checkip.amazonaws.com"

// operatorCIDR returns the network that may log in to hosts: this machine's address, as the cloud sees it.
func operatorCIDR(ctx context.Context, w way) (string, error) {
	if w.Operator != "" {
		return w.Operator + "/32", nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, addressService, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		defer answer.Body.Close()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(answer.Body, 100)); err == nil && answer.StatusCode == http.StatusOK {
			return strings.TrimSpace(string(text)) + "/32", nil
		}
	}
	return "", withHint(infraError{fmt.Errorf("find this machine's address: %w", errors.Join(err, ctx.Err()))},
		"say which network may log in to the hosts: --operator-cidr ADDRESS/32")
}

// infraError is an error of the cloud or its hosts, not of the job.
type infraError struct{ error }

func (e infraError) Unwrap() error { return e.error }
