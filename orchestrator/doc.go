// Package orchestrator drives one run over the hosts of an inventory, in phases:
//
//  1. prepare  open the result folder, new or resumed, and the run's log
//  2. start    start a worker on every host
//  3. work     feed the input, process it, gather the results
//  4. finish   write the manifest, name the files
//  5. stop     end the workers and the log
//
// On this machine a host is either this very process (its slots are goroutines) or a process of its own, started
// through the local connection.
//
// On the hosts of an inventory (Cluster) every host goes through its own: connect, setup, upload, start. The work begins
// when the initializer is up, and hosts that come later join it.
//
// When something fails: whatever was started is stopped, in any case and in reverse order. A worker that dies is
// reported and the run goes on without it; when the last one dies, the run ends with an error. The result folder is
// left so that the run can be resumed. Drain ends a run early and tidily: what is under way is finished.
//
// Not its job: showing progress (it tells Status) and deciding what to do with the exit (package cmd/flashmob).
package orchestrator
