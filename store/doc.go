// Package store knows objects in S3, on the operator's machine: it finds those that a pattern names, signs an address for
// each, and puts results there.
//
//	s3://bucket/in/*.csv ─▶ Find: list, match, sign ─▶ inputs ─▶ every worker reads its ranges over HTTPS
//	result folder        ─▶ Put ─▶ s3://bucket/out/
//
// Credentials are the operator's usual ones: AWS_ACCESS_KEY_ID and the like, AWS_PROFILE, AWS_ENDPOINT_URL for a store that
// is not Amazon's. They stay on this machine. What workers get are addresses that are signed for one object, to read it, and
// for a limited time; they are told in the same way as other secrets.
//
// Not its job: reading objects (package input).
package store
