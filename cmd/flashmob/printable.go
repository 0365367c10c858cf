package main

import (
	"strings"
	"unicode"
)

// printable takes out of a text what a terminal would take for an order: programs, files and hosts may say anything.
func printable(s string) string { return strings.Map(printed, s) }

// printableLines is printable for a text that may have several lines, and tabs in them.
func printableLines(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printed(r)
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

func printed(r rune) rune {
	if unicode.IsPrint(r) || r == '\u00a0' {
		return r
	}
	return '\uFFFD'
}
