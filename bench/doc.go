// Package bench times programs and turns what it measured into tables.
//
//	Run(Command)  →  Sample  →  Record (all samples of a contender)  →  Report (JSON, kept)  →  Table (text, Markdown)
//
// Every sample is kept, with what the rest of the machine did meanwhile, so that a table can always be made again and
// a disturbed sample recognized. A table shows medians and the whole spread, never the best run alone.
//
// A program that fails yields an error and no sample. Which programs compete, on what input, and against which targets,
// is not this package's job but that of the harnesses: bench/local on one machine, bench/cluster from up to down.
package bench
