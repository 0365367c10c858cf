package provider

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Provider answers Pulumi's engine.
type Provider struct {
	pulumirpc.UnimplementedResourceProviderServer

	mu     sync.Mutex
	client *client // set by Configure

	cancelled context.Context
	cancel    context.CancelFunc
}

// New makes a provider that is not configured yet.
func New() *Provider {
	p := &Provider{}
	p.cancelled, p.cancel = context.WithCancel(context.Background())
	return p
}

// GetPluginInfo names the version whose resources these are.
func (p *Provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "6.83.2"}, nil
}

// GetSchema answers an empty schema: programs in Go need none.
func (p *Provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"aws","version":"6.83.2"}`}, nil
}

// CheckConfig accepts every configuration.
func (p *Provider) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

// DiffConfig replaces everything when the region changes.
func (p *Provider) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if fromStruct(r.Olds).text("region") != fromStruct(r.News).text("region") {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME, Replaces: []string{"region"}}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure connects to the cloud that the environment and the stack's configuration name.
func (p *Provider) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args := fromStruct(r.Args)
	defaults := args.sub("defaultTags")
	if text := args.text("defaultTags"); text != "" { // configuration that is not flat comes as JSON
		if err := json.Unmarshal([]byte(text), &defaults); err != nil {
			return nil, fmt.Errorf("defaultTags: %w", err)
		}
	}
	c, err := newClient(ctx, args.text("region"), defaults.tagMap("tags"))
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.client = c
	p.mu.Unlock()
	return &pulumirpc.ConfigureResponse{}, nil
}

// resource finds the kind of a URN and joins the engine's cancellation to the call's.
func (p *Provider) resource(ctx context.Context, urn string) (kind, *client, context.Context, context.CancelFunc, error) {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return kind{}, nil, nil, nil, fmt.Errorf("urn %q: malformed", urn)
	}
	types := strings.Split(parts[2], "$")
	k, known := kinds[types[len(types)-1]]
	if !known {
		return kind{}, nil, nil, nil, fmt.Errorf("resource %s: not among those of the sandbox's provider", types[len(types)-1])
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.cancelled, cancel)
	p.mu.Lock()
	defer p.mu.Unlock()
	return k, p.client, ctx, func() { stop(); cancel() }, nil
}

// Check fills in the name of what needs one and has none: the resource's with a random end, kept from then on.
func (p *Provider) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	k, _, _, cancel, err := p.resource(ctx, r.Urn)
	if err != nil {
		return nil, err
	}
	defer cancel()
	in := fromStruct(r.News)
	if k.autoname != "" && in[k.autoname] == nil {
		if before := fromStruct(r.Olds).text(k.autoname); before != "" {
			in[k.autoname] = before
		} else {
			var b [4]byte
			_, _ = rand.Read(b[:])
			in[k.autoname] = r.Urn[strings.LastIndex(r.Urn, "::")+2:] + "-" + hex.EncodeToString(b[:])[:7]
		}
	}
	s, err := in.toStruct()
	return &pulumirpc.CheckResponse{Inputs: s}, err
}

// Diff compares inputs with inputs. What no kind lists as changeable in place means replacement.
func (p *Provider) Diff(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	k, _, _, cancel, err := p.resource(ctx, r.Urn)
	if err != nil {
		return nil, err
	}
	defer cancel()
	old, in := fromStruct(r.OldInputs), fromStruct(r.News)
	if r.OldInputs == nil {
		old = fromStruct(r.Olds)
	}
	names := map[string]bool{}
	for _, m := range []props{old, in} {
		for name := range m {
			names[name] = !strings.HasPrefix(name, "__") && !slices.Contains(r.IgnoreChanges, name)
		}
	}
	out := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !names[name] || reflect.DeepEqual(old[name], in[name]) {
			continue
		}
		out.Changes = pulumirpc.DiffResponse_DIFF_SOME
		out.Diffs = append(out.Diffs, name)
		userData := strings.HasPrefix(name, "userData") && !in.flag("userDataReplaceOnChange")
		if name != "tags" && !userData && !slices.Contains(k.inPlace, name) {
			out.Replaces = append(out.Replaces, name)
		}
	}
	// Most of these have a name or a range of addresses that two cannot have at once.
	out.DeleteBeforeReplace = len(out.Replaces) > 0 && k.autoname != ""
	return out, nil
}

// Create makes a resource.
func (p *Provider) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	k, c, ctx, cancel, err := p.resource(ctx, r.Urn)
	if err != nil {
		return nil, err
	}
	defer cancel()
	if r.Timeout > 0 {
		wait := time.Duration(r.Timeout * float64(time.Second))
		var giveUp context.CancelFunc
		ctx, giveUp = context.WithTimeoutCause(ctx, wait, fmt.Errorf("not done after %v", wait))
		defer giveUp()
	}
	in := fromStruct(r.Properties)
	id, err := k.create(ctx, c, in.with(c.tagsAll(k, in)))
	if id == "" {
		return nil, err
	}
	state := in.with(c.tagsAll(k, in)).with(props{"id": id})
	if err == nil {
		var read props
		if read, err = whenListed(ctx, func() (props, error) { return k.read(ctx, c, id, state) }); err == nil {
			state = state.with(read)
		}
	}
	s, marshalErr := state.toStruct()
	if marshalErr != nil {
		return nil, marshalErr
	}
	if err != nil {
		return nil, unready(id, s, r, err)
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: s}, nil
}

// Read looks a resource up; an answer without an ID says that it is gone.
func (p *Provider) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	k, c, ctx, cancel, err := p.resource(ctx, r.Urn)
	if err != nil {
		return nil, err
	}
	defer cancel()
	state := fromStruct(r.Properties)
	read, err := k.read(ctx, c, r.Id, state)
	if errors.Is(err, errGone) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := state.with(read).toStruct()
	return &pulumirpc.ReadResponse{Id: r.Id, Properties: s, Inputs: r.Inputs}, err
}

// Update changes a resource in place.
func (p *Provider) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	k, c, ctx, cancel, err := p.resource(ctx, r.Urn)
	if err != nil {
		return nil, err
	}
	defer cancel()
	state, in := fromStruct(r.Olds), fromStruct(r.News)
	old := state
	if r.OldInputs != nil {
		old = fromStruct(r.OldInputs)
	}
	if k.update != nil {
		if err := k.update(ctx, c, r.Id, old, in); err != nil {
			return nil, err
		}
	}
	all := c.tagsAll(k, in)
	if !k.untagged {
		target := r.Id
		if keyPair := state.text("keyPairId"); keyPair != "" {
			target = keyPair
		}
		if err := c.retag(ctx, target, state.tagMap("tagsAll"), all.tagMap("tagsAll")); err != nil {
			return nil, err
		}
	}
	next := in.with(all).with(props{"id": r.Id})
	read, err := k.read(ctx, c, r.Id, next)
	if err != nil {
		return nil, err
	}
	s, err := next.with(read).toStruct()
	return &pulumirpc.UpdateResponse{Properties: s}, err
}

// Delete removes a resource. One that is gone already is removed.
func (p *Provider) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	k, c, ctx, cancel, err := p.resource(ctx, r.Urn)
	if err != nil {
		return nil, err
	}
	defer cancel()
	if err := k.delete(ctx, c, r.Id, fromStruct(r.Properties)); err != nil && !errors.Is(err, errGone) {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// Invoke answers a program's question.
func (p *Provider) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	ask, known := functions[r.Tok]
	if !known {
		return nil, fmt.Errorf("function %s: not among those of the sandbox's provider", r.Tok)
	}
	p.mu.Lock()
	c := p.client
	p.mu.Unlock()
	in := fromStruct(r.Args)
	out, err := ask(ctx, c, in)
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", r.Tok, err)
	}
	s, err := in.with(out).toStruct()
	return &pulumirpc.InvokeResponse{Return: s}, err
}

// Cancel makes the calls that wait give up.
func (p *Provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.cancel()
	return &emptypb.Empty{}, nil
}

// unready says that a resource exists but is not as it should be: the engine keeps it, with its ID.
func unready(id string, state *structpb.Struct, r *pulumirpc.CreateRequest, cause error) error {
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: state, Reasons: []string{cause.Error()}, Inputs: r.Properties})
}
