// Package stack makes and destroys clusters with Pulumi.
//
// Program is the Pulumi program. Cluster drives it through the Automation API, inline, so no language host is needed;
// cmd/infra runs the same program under the pulumi command.
//
//	Up:   lock ▸ record on disk ▸ keys ▸ [repair] ▸ create, climbing the ladder at each refusal ▸ inventory ▸ release
//	Down: lock ▸ record on disk ▸ list by tag ▸ [repair] ▸ destroy, [strays meanwhile] ▸ list by tag ▸ [sweep] ▸ receipt ▸ release
//
// Repair is what follows a holder that died: its Pulumi process is given time to finish and then ended, Pulumi's own
// lock is cancelled, pending creates are dropped from the state by a refresh, and what they may have made is found by
// tag and deleted. It happens before the next operation does anything else, without being asked for.
//
// A Down after a holder that died sweeps, while Pulumi destroys, what Pulumi does not know of: its provider would wait for
// many minutes for a network that a stray still uses. And it does not end before what a late call made must be listed.
//
// An Up that fails keeps what it made, so that a second one goes on; Down removes it. A Down that fails says what is
// left and can be called again; it also works when Pulumi's state is lost, by tag alone.
//
// The package is heavy to link, about twenty milliseconds and thirty megabytes at the start of the process: programs
// that start often reach it through the cmd/infra process (infra.Call) instead.
package stack
