// Package classifier is the CSV application of the story that flashmob began with: it scores every record by hashing
// it, as a stand-in for the slow program that somebody really has.
//
//	input   ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION
//	result  ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION,CLASSIFICATION
//
// The score of a record is
//
//	sha256(record repeated Slowness times)  →  the first 8 bytes, big-endian  →  >> 11  →  / 2^53
//
// a float in [0,1), printed in its shortest form. The record is taken as its bytes stand in the input, without the
// line end, so anybody can compute the score again with any tool. Any CSV with one header line will do.
package classifier
