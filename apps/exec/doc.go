// Package exec makes any program an operator: it gets records on its standard input and gives results on its standard
// output. The operator works in one of three modes:
//
//	mode     a process lives    it is given                    it gives
//	batch    for one batch      the header line, the records   results until it ends, with exit status 0
//	lines    for many batches   the header line, the records   a record for each, in order: matched by count
//	frames   for many batches   frames: header, batch …        a frame for each: header, result or error
//
// Frames are 4 bytes length, big-endian, of what follows: a letter and its text. To the program: H and the header line,
// once, where there is one; then B and the records of a batch, for every batch. From the program: H and the results'
// header line, as the answer to the first; R and the records that come of a batch, or E and why it could not be done.
//
// What may go wrong with a program, and what becomes of it:
//
//	it ends with another status than 0, or is killed     the batch failed
//	it ends, or answers, before it has read everything   the batch failed: what it has not read it has not done
//	it closes its output and goes on, in lines, frames   it is killed after a second; the batch failed
//	it gives more frames than it was given               the batch behind it failed, and the run
//	it takes longer than the time-out                    it is killed, with its process group; the batch failed
//	it gives more than can be held (128 MiB a batch)     it is killed; the batch failed
//	it gives other than one record for one, in lines     the batch failed; or the run, if that may be an older fault
//	it does not end when its input does                  killed after the time-out
//	it forks                                             its process group is killed when it has ended
//
// Who calls halves a batch that failed until the record is found (package worker). A batch that another one brought
// down with it, in the same process, is done again in a new process. When the worker dies, the kernel kills the programs that
// it started, on Linux.
//
// A long-lived program may keep output back until it has more input, or the end of it. A batch that it has read whole
// and does not answer, while nothing more comes, makes the operator close the program's input and replace it.
package exec
