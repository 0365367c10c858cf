// Package chaos runs an application on hosts while it kills, stops, slows and cuts off their processes and the operator's
// program, and compares the whole results with those of one worker that nothing befell.
//
//	reference: run --local --workers 1
//	round:     run on the hosts ──▶ results ──▶ compare
//	             ▲ kill, attach again
//	           plan (seed) ──▶ pause ──▶ fault at a host ──▶ pause …
//
// What befalls whom, after which pauses, is a function of the seed and the round alone. When it hits is not: a machine is not
// as fast twice. So a seed that has failed plays the same faults again, at nearly the same moments.
//
// A process that is killed is started again by its guard, as in any run; a worker whose guard is killed stays away for the
// round. An operator that is killed is followed by one that attaches or, where there is nothing to attach to, resumes.
//
// Not its job: making hosts, and taking them down.
package chaos
