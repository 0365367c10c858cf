// Package input knows where records come from: which inputs a run has, how to tell that one changed, and how to read
// one, whole or by range.
//
//	kind        example                    read by
//	file        data.csv                   ranges, by every worker that sees the path
//	stream      - , pipe, data.csv.gz      the initializer alone, from front to back
//	generated   generate:classifier        ranges of rows, made by whoever wants them
//
// An Input is a description and holds nothing open. Its identity (size and time of last change) is taken once, when
// the run begins; Check finds out whether the input is still the same.
//
// Not its job: finding records (package flow), cutting batches (package worker).
package input
