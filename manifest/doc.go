// Package manifest keeps a result folder: what lies in it while a run goes on, and the proof of what lies in it at
// the end.
//
//	while the run goes on           when it is done
//	journal.jsonl                   manifest.json
//	results.csv.gz.partial          results.csv.gz
//	rejects.csv.partial             rejects.csv        (only if a record was rejected)
//	.work/                          –
//
// Order of events: Create writes the journal's first line, the identity of the run; until it is there, there is no run. Each Append adds a part's bytes to
// the partial files and then its line to the journal, so the journal never claims what is not there. Finish writes
// the manifest and gives every file its final name, the results last: a file under its final name is complete.
//
// What it promises when something fails: after a crash at any point, Resume drops what the journal does not vouch for,
// checks the hash of all that it does, and goes on behind it. The parts in a folder always are a gapless run of ranges from
// the front of the input. Two programs never write to one folder: the journal is locked while it is open, and the
// kernel lets go of the lock when its holder dies.
//
// Verify checks a finished folder against its manifest, offline.
package manifest
