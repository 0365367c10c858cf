package worker

import (
	"slices"
	"time"

	"flashmob/input"
	"flashmob/manifest"
)

// Invitation is what a worker process is told when it is started, as one line of JSON on its standard input: never on
// the command line, where everybody on the host could read the token.
type Invitation struct {
	Name  string `json:"name"`
	Slots int    `json:"slots"` // 0 for one a core
	URL   string `json:"url"`   // of the log; of its replicas, with commas in between
	Token string `json:"token"`
	CA    []byte `json:"ca,omitempty"` // certificate that the initializer's must be signed with; empty for no TLS
	// External is the address that the run can be asked to end at, HOST:PORT; empty for none.
	External string `json:"external,omitempty"`
	// Env are variables for the programs that the process starts, NAME=VALUE: secrets may be among them.
	Env []string `json:"env,omitempty"`
	// Access are the addresses of remote inputs, by their names: they hold signatures.
	Access map[string]string `json:"access,omitempty"`
	// Free means that the process goes on when its standard input ends: nobody holds it.
	Free bool `json:"free,omitempty"`
	// Operator is a process of this machine that the process ends with; 0 for none.
	Operator int `json:"operator,omitempty"`
	// Guarded makes the process a guard: it starts another one that does all this, and starts it again when it crashes.
	Guarded bool `json:"guarded,omitempty"`
	// Restarts is how often a guard has started the process again, and Crashed when it had to last.
	Restarts int       `json:"restarts,omitempty"`
	Crashed  time.Time `json:"crashed,omitzero"`
	// Share makes the process hand on a file, and do nothing else.
	Share *Share `json:"share,omitempty"`
	// Appointment makes the process the run's initializer, with slots of its own.
	Appointment *Appointment `json:"appointment,omitempty"`
	// Show makes the process show the run, keep its host awake for as long as that goes on, and work on nothing.
	Show *Show `json:"show,omitempty"`
}

// Show says where the run is to be shown.
type Show struct {
	Address string `json:"address"` // of the page, on the host's loopback interface; or the next free port
	Found   string `json:"found"`   // path of the file that gets the address
}

// Join makes the invitation a worker's configuration. What it leaves open is config's.
func (i Invitation) Join(config Config) Config {
	config.Name, config.Slots = i.Name, i.Slots
	config.URL, config.Token, config.CA = i.URL, i.Token, i.CA
	config.External, config.Env, config.Access = i.External, i.Env, i.Access
	return config
}

// bringsNothing reports whether no input is on the operator's machine.
func (a Appointment) bringsNothing() bool {
	return !slices.ContainsFunc(a.Run.Inputs, func(in input.Input) bool { return !in.IsGenerated() && !in.IsRemote() })
}

// Appointment is what an initializer on a host is told besides.
type Appointment struct {
	Run       manifest.Run  `json:"run"`
	Folder    string        `json:"folder"` // for the results, on the host
	Listen    string        `json:"listen"` // host:port of the log
	Socket    string        `json:"socket"` // path of the Control's socket
	Identity  Identity      `json:"identity"`
	BatchRows int           `json:"batch_rows,omitempty"`
	Hosts     int           `json:"hosts"`    // that process, this one included
	Patience  time.Duration `json:"patience"` // how long to wait for an operator once the run is over
	AckWait   time.Duration `json:"ack_wait,omitempty"`
	// SnapshotEvery is how often owners of keys take snapshots at least.
	SnapshotEvery time.Duration `json:"snapshot_every,omitempty"`
	// Sync lets the disk have everything before anybody is told that it is kept.
	Sync bool `json:"sync,omitempty"`
	// By says who begins the run, for others who find the hosts busy with it.
	By string `json:"by,omitempty"`
	// Done are the parts that the operator's folder has from earlier sittings: the run goes on behind them.
	Done []manifest.Part `json:"done,omitempty"`
	// Replicas are where the log's replicas are, in the order of their hosts; this process holds the one of its own name.
	// Defaults to none: the log is this initializer's alone.
	Replicas []Replica `json:"replicas,omitempty"`
	// Log is the folder of a replica, on the host.
	Log string `json:"log,omitempty"`
	// Spool brings the inputs to the host's disk ahead of the work, for an operator who will not stay.
	Spool bool `json:"spool,omitempty"`
}
