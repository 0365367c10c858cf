package infra

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoSize says that nobody ever said how large the cluster shall be.
var ErrNoSize = errors.New("how many hosts? no size was ever given for this cluster")

// Continue is the spec that the operator asks for, completed by what the cluster is already: a living cluster keeps its
// ID, owner, region and zone, and its hosts keep how they were bought; whatever the operator leaves empty stays as it
// was. Of a cluster that is gone only the size is remembered. The zero Record stands for no cluster at all.
func (r Record) Continue(spec Spec) (Spec, error) {
	setDefault(&spec.Size, r.Spec.Size)
	if spec.Size == 0 {
		return spec, ErrNoSize
	}
	old := r.Spec
	if r.State == "" || r.State == Gone {
		return spec.WithDefaults(), nil
	}
	if spec.Region != "" && spec.Region != old.Region {
		return spec, fmt.Errorf("continue cluster %s: it stands in %s, not in %s: take it down first", old.Stack, old.Region, spec.Region)
	}
	spec.ID, spec.Owner, spec.Region = old.ID, old.Owner, old.Region
	setDefault(&spec.Stack, old.Stack)
	setDefault(&spec.Type, old.Type)
	setDefault(&spec.MetricsType, old.MetricsType)
	setDefault(&spec.DiskGB, old.DiskGB)
	setDefault(&spec.TTL, old.TTL)
	setDefault(&spec.Idle, old.Idle)
	setDefault(&spec.OperatorCIDR, old.OperatorCIDR)
	setDefault(&spec.PublicKey, old.PublicKey)
	setDefault(&spec.AMI, old.AMI)
	if len(spec.MoreTypes) == 0 {
		spec.MoreTypes = old.MoreTypes
	}
	spec.Placed = map[string]Placement{}
	for _, life := range r.Living() {
		spec.Placed[life.Host] = life.Placement
	}
	if len(spec.Placed) > 0 {
		spec.Zone = old.Zone
	}
	return spec.WithDefaults(), nil
}

// Begin is the record of an operation that starts now on the cluster that spec describes.
func (r Record) Begin(state State, spec Spec, me Holder) Record {
	if r.Spec.ID != spec.ID {
		r = Record{Began: time.Now().UTC().Truncate(time.Second)}
	}
	r.State, r.Spec, r.Tags, r.Holder = state, spec, spec.Tags(), me
	return r
}

// Keys makes or reads all keys that the spec needs: the operator's, unless the spec has a public one, and each host's.
func (f Files) Keys(spec Spec) (Spec, error) {
	if spec.PublicKey == "" {
		key, err := KeepKey(f.Key())
		if err != nil {
			return spec, err
		}
		spec.PublicKey = key.Public
	}
	spec.HostKeys = map[string]HostKey{}
	for _, in := range spec.Instances() {
		key, err := KeepKey(f.HostKey(in.Name))
		if err != nil {
			return spec, err
		}
		spec.HostKeys[in.Name] = key
	}
	return spec, nil
}
