// Package cloud is an account in an EC2-shaped cloud: an HTTP server that speaks EC2's query protocol well enough for
// aws-sdk-go-v2, and keeps what it is told.
//
// A call is checked for ordered faults, performed under one lock, and saved to state.json before it is answered, so a
// server that is killed comes back with everything it has acknowledged. Launches answer pending at once and boot in
// the background, through the Machines that the package is given:
//
//	RunInstances → pending ── Machines.Start ──→ running ── TerminateInstances, preemption ──→ shutting-down
//	                                                │                                              │ Machines.Kill
//	                                                └── the host powers itself off ───→ terminated ←┘
//
// What depends on something in use is refused with DependencyViolation, as in EC2: clients must delete in order.
// Security groups become an nftables ruleset for each host, which follows the groups' rules and members.
//
// Making hosts real is not its job (package host), nor is listening: see the parent package.
package cloud
