package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command says how it is called, with an example that is one of its own.
func TestEveryCommandHasExamples(t *testing.T) {
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		if cmd.Name() != "help" && cmd.Name() != "completion" && !strings.Contains(cmd.CommandPath(), "completion ") {
			if !strings.Contains(cmd.Example, cmd.CommandPath()) {
				t.Errorf("%s has no example", cmd.CommandPath())
			}
			if cmd.Short == "" {
				t.Errorf("%s does not say what it does", cmd.CommandPath())
			}
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look(newRootCommand())
}

// The examples of run and burst are at least flags that there are, with values that they take.
func TestExamplesAreFlagsThatThereAre(t *testing.T) {
	for _, name := range []string{"run", "burst", "init", "config show", "plan", "generate"} {
		cmd, _, err := newRootCommand().Find(strings.Fields(name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(cmd.Example) {
			_, call, ok := strings.Cut(line, "flashmob "+name+" ")
			if !ok {
				continue
			}
			call, _, _ = strings.Cut(call, "; ")
			call, _, _ = strings.Cut(call, " > ")
			call, _, _ = strings.Cut(call, " | ")
			out, err := exec.Command("bash", "-c", "printf '%s\\0' "+call).Output() // a shell knows quotes
			if err != nil {
				t.Errorf("%s: %v", call, err)
			}
			fresh, _, _ := newRootCommand().Find(strings.Fields(name))
			if err := fresh.ParseFlags(strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")); err != nil {
				t.Errorf("flashmob %s %s: %v", name, strings.TrimSpace(call), err)
			}
		}
	}
}

func TestCompletionIsThereForEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, err := exec.Command("flashmob", "completion", shell).Output()
		if err != nil || !strings.Contains(string(out), "flashmob") {
			t.Errorf("%s: %.100q, %v", shell, out, err)
		}
	}
	out, err := exec.Command("flashmob", "__complete", "run", "--exec-").Output()
	if err != nil || !strings.Contains(string(out), "--exec-mode") {
		t.Errorf("%q, %v", out, err)
	}
}
