package infra

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"flashmob/inventory"
)

// State is where in its life a cluster is; see the package's drawing.
type State string

// The states of a cluster, in the order of its life.
const (
	Creating   State = "creating"
	Up         State = "up"
	Destroying State = "destroying"
	Gone       State = "gone"
)

// Record is what is known of a cluster at home. It is on disk before the first call to the cloud, and again before
// each change.
type Record struct {
	State  State             `json:"state"`
	Tags   map[string]string `json:"tags"`
	Spec   Spec              `json:"spec"` // as last asked for; the size is remembered after down
	Holder Holder            `json:"holder"`
	Began  time.Time         `json:"began"`
	Hosts  []Life            `json:"hosts,omitempty"` // every instance that ever was
	// Refusals are the capacity errors on the way up.
	Refusals []Refusal `json:"refusals,omitempty"`
}

// Life is the life of one instance, what its bill is made of.
type Life struct {
	Host     string         `json:"host"`
	Role     inventory.Role `json:"role,omitempty"`
	Instance string         `json:"instance"` // the cloud's ID
	Placement
	DiskGB int       `json:"disk_gb"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero while it lives
}

// ErrNoRecord is what ReadRecord finds where no cluster ever was.
var ErrNoRecord = errors.New("no cluster was ever made under this name here")

// ReadRecord reads the record at path.
func ReadRecord(path string) (Record, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, fmt.Errorf("read record %s: %w", path, ErrNoRecord)
	}
	if err != nil {
		return Record{}, fmt.Errorf("read record: %w", err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, fmt.Errorf("read record %s: %w", path, err)
	}
	return r, nil
}

// Write replaces the record at path; it is on disk when Write returns.
func (r Record) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = replaceFile(path, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write record %s: %w", path, err)
	}
	return nil
}

// Born notes an instance, once.
func (r *Record) Born(life Life) {
	if !slices.ContainsFunc(r.Hosts, func(l Life) bool { return l.Instance == life.Instance }) {
		r.Hosts = append(r.Hosts, life)
	}
}

// Living are the instances that have not ended, as far as home knows.
func (r *Record) Living() []Life {
	return slices.DeleteFunc(slices.Clone(r.Hosts), func(l Life) bool { return !l.To.IsZero() })
}

// Ended notes when every instance that is not among the living IDs came to its end, at the latest.
func (r *Record) Ended(living []string, at time.Time) {
	for i := range r.Hosts {
		if l := &r.Hosts[i]; l.To.IsZero() && !slices.Contains(living, l.Instance) {
			l.To = at
		}
	}
}
