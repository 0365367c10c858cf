//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

// mount is not to be had here; scripts that need it skip themselves.
func mount(ts *testscript.TestScript, neg bool, args []string) { ts.Fatalf("mount: only on Linux") }
