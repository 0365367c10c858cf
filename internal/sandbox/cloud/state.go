package cloud

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// state is all that the account holds; the file state.json is this struct.
type state struct {
	VPCs        map[string]*vpc
	Subnets     map[string]*subnet
	Gateways    map[string]*gateway
	RouteTables map[string]*routeTable
	Groups      map[string]*group
	KeyPairs    map[string]*keyPair
	Instances   map[string]*instance
	Volumes     map[string]*volume
	Faults      []*Fault
}

func newState() *state {
	return &state{
		VPCs: map[string]*vpc{}, Subnets: map[string]*subnet{}, Gateways: map[string]*gateway{},
		RouteTables: map[string]*routeTable{}, Groups: map[string]*group{}, KeyPairs: map[string]*keyPair{},
		Instances: map[string]*instance{}, Volumes: map[string]*volume{},
	}
}

func loadState(file string) (*state, error) {
	s := newState()
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load cloud state: %w", err)
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("load cloud state %s: %w", file, err)
	}
	return s, nil
}

// save replaces the file in one step: a killed server leaves the old state or the new one.
func (s *state) save(file string) error {
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("save cloud state: %w", err)
	}
	tmp := filepath.Join(filepath.Dir(file), ".state.json.new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("save cloud state: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("save cloud state: %w", err)
	}
	return nil
}

// all returns every object that can carry tags, by ID.
func (s *state) all() map[string]object {
	out := map[string]object{}
	addAll(out, s.VPCs)
	addAll(out, s.Subnets)
	addAll(out, s.Gateways)
	addAll(out, s.RouteTables)
	addAll(out, s.Groups)
	addAll(out, s.KeyPairs)
	addAll(out, s.Instances)
	addAll(out, s.Volumes)
	return out
}

func addAll[T object](to map[string]object, from map[string]T) {
	for id, o := range from {
		to[id] = o
	}
}

// objects counts what a user made and has not deleted: what comes by itself with a VPC (its default group and main
// route table) and terminated instances are not counted.
func (s *state) objects() int {
	n := len(s.VPCs) + len(s.Subnets) + len(s.Gateways) + len(s.KeyPairs) + len(s.Volumes)
	for _, g := range s.Groups {
		if !g.Default {
			n++
		}
	}
	for _, t := range s.RouteTables {
		if !t.Main {
			n++
		}
	}
	for _, i := range s.Instances {
		if i.State != terminated {
			n++
		}
	}
	return n
}

// Objects counts the objects that the state kept in dir still holds, without a running server.
func Objects(dir string) (int, error) {
	s, err := loadState(filepath.Join(dir, stateFile))
	if err != nil {
		return 0, err
	}
	return s.objects(), nil
}

// newID makes an ID of EC2's form: a prefix and 17 hexadecimal digits.
func newID(prefix string) string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error
	return prefix + "-" + hex.EncodeToString(b[:])[:17]
}
