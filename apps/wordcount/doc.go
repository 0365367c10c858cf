// Package wordcount counts the words of a text.
//
//	input    text files, or any files
//	results  word,count   by count, the largest first; words of the same count bytewise
//	summary  the ten most frequent
//
// A word is a maximal run of Unicode letters (unicode.IsLetter), each rune of it lower-cased by itself
// (unicode.ToLower: no rule of a language, and no rune becomes two). Everything else parts words: digits, apostrophes,
// hyphens, marks that combine with a letter, and bytes that are not valid UTF-8.
package wordcount
