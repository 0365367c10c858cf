// Package sandbox is a cloud on one Linux machine, with no account: it is for trying the whole path, and for testing
// it. It needs root; Check says in one line what is missing.
//
//	flashmob, Pulumi ── provider named aws ──┐
//	reconcile, sweep ────────────────────────┴─ EC2 API on loopback ── hosts, each a set of namespaces
//	ssh ───────────────────────────────────────────────────────────────┘ 198.18.N.x
//
// Start begins a server in the background, or finds the one that already serves the folder, and Env is what sends AWS
// tools and Pulumi there. The server and the hosts are separate processes: a server that ends or is killed leaves the
// hosts running, and the next Start takes them up again. Stop ends everything. With Options.Bound everything also ends
// with the process that called Start, however that ends. A server whose folder is removed ends with all its hosts, and
// one whose account has been empty for a while ends by itself.
//
// All of it is one program under several names: the names are checked by Main, which the main function of the program
// (or the TestMain of a test) must call first.
//
// The parts: package cloud is the account and its API, package host one machine, package network the wires between
// them, package provider what Pulumi loads.
package sandbox
