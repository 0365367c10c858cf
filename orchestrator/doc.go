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
// On the hosts of an inventory (Cluster) every host goes through its own: boot (wait for its sshd), connect, upload (the
// worker, and the run's files into its working folder), setup, start. The work begins when the initializer is up, and
// hosts that come later join it: feed brings the input, gather the results, stop ends the processes. A host that does not
// answer in time is given up; the run goes on with the others while there are enough of them (MinHosts). A run that is to
// Detach is left to itself once its input is on the initializer's disk and its hosts are at work.
//
// Where the log has replicas, the first hosts that process start a process for theirs before their setup, and the operator follows
// whichever of them is the run's initializer (replicas.go).
//
// A host that would power itself off for being idle is kept from it by the operator from the first contact on, and by
// the run's process on it once that has been started: on a metrics host one that shows the run as a page, and works on nothing.
//
// When something fails: whatever was started is stopped, in any case and in reverse order. A worker that dies is
// reported and the run goes on without it; when the last one dies, the run ends with an error. The result folder is
// left so that the run can be resumed, with the ends of the hosts' logs beside it. Drain ends a run early and tidily: what is under way is finished.
//
// Not its job: showing progress (it tells Status) and deciding what to do with the exit (package cmd/flashmob).
package orchestrator
