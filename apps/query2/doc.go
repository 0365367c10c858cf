// Package query2 is the aggregation query of the AMPLab's big data benchmark: the advertising revenue of each prefix of
// the visitors' addresses.
//
//	SELECT SUBSTR(sourceIP, 1, X), SUM(adRevenue) FROM uservisits GROUP BY SUBSTR(sourceIP, 1, X)
//
//	input    sourceIP,destURL,visitDate,adRevenue,userAgent,countryCode,languageCode,searchWord,duration
//	results  prefix,revenue   sorted by prefix, bytewise
//	summary  result: N        the number of prefixes
//
// The input has no header. Rows with another number of columns, or with a revenue that is no decimal number, are
// rejected. Sums are exact, so they are the same in whatever order the rows come.
//
// The prefix is what SUBSTR gives: the first X bytes of an address, or all of it where it is shorter. Programs that keep
// prefixes in arrays of X bytes pad the shorter with spaces; the groups are the same, and so is their number, but a table
// made by SQL or awk has no such spaces, and neither has ours.
package query2
