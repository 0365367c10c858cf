package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// programs are the commands that a host has from the sandbox instead of from its system.
var programs = map[string]func(args []string) int{
	"poweroff":   func([]string) int { return do(order{Do: "power-off"}) },
	"halt":       func([]string) int { return do(order{Do: "power-off"}) },
	"reboot":     func([]string) int { return complain("reboot: a sandbox host cannot start again") },
	"shutdown":   shutdown,
	"systemctl":  systemctl,
	"sudo":       sudo,
	"cloud-init": cloudInit,
}

// Guest runs the host's command called name, and says whether there is one and this is a host.
func Guest(name string, args []string) (status int, found bool) {
	program, known := programs[filepath.Base(name)]
	if !known {
		return 0, false
	}
	if self, err := os.Readlink("/proc/self/exe"); err != nil || self != programPath {
		return 0, false
	}
	return program(args), true
}

// installPrograms puts the commands where the system has its own.
func installPrograms() error {
	for name := range programs {
		for _, dir := range []string{"/usr/bin", "/usr/sbin"} {
			path := filepath.Join(dir, name)
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
				return err
			}
			if err := os.Symlink(programPath, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func do(o order) int {
	out, err := ask(o)
	if err != nil {
		return complain(err.Error())
	}
	if out.Error != "" {
		fmt.Fprintln(os.Stderr, out.Error)
	}
	return out.Status
}

func complain(message string) int {
	fmt.Fprintln(os.Stderr, message)
	return 1
}

// shutdown reads "now", "+m" and -c; without a time it is one minute, as systemd's.
func shutdown(args []string) int {
	after := time.Minute
	for _, a := range args {
		minutes, err := strconv.Atoi(strings.TrimPrefix(a, "+"))
		switch {
		case a == "-c":
			return do(order{Do: "cancel"})
		case a == "-r" || a == "--reboot":
			return complain("shutdown: a sandbox host cannot start again")
		case strings.HasPrefix(a, "-"):
		case a == "now":
			after = 0
		case strings.HasPrefix(a, "+") && err == nil:
			after = time.Duration(minutes) * time.Minute
		case strings.Contains(a, ":"):
			return complain("shutdown: only now and +minutes are known in the sandbox")
		}
	}
	return do(order{Do: "power-off", After: after})
}

func systemctl(args []string) int {
	words := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(words) == 0 {
		return 0
	}
	switch verb, units := words[0], words[1:]; verb {
	case "poweroff", "halt":
		return do(order{Do: "power-off"})
	case "reboot":
		return complain("systemctl: a sandbox host cannot start again")
	case "is-system-running":
		fmt.Println("running")
	case "is-active":
		if !slices.ContainsFunc(units, isSSH) {
			fmt.Println("inactive")
			return 3
		}
		fmt.Println("active")
	case "enable", "disable":
		if !slices.Contains(args, "--now") {
			return 0
		}
		return do(order{Do: map[string]string{"enable": "start", "disable": "stop"}[verb], Args: units})
	case "start", "stop":
		return do(order{Do: verb, Args: units})
	case "reload", "restart", "try-restart", "reload-or-restart":
		if slices.ContainsFunc(units, isSSH) {
			return do(order{Do: "reload-ssh"})
		}
	}
	return 0
}

// sudo understands the options that scripts use: -n -E -H -i -S, -u user, and NAME=value before the command.
func sudo(args []string) int {
	o := order{Do: "run", User: "root"}
	keep := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		switch {
		case a == "-u" || a == "--user":
			if len(args) == 0 {
				return complain("sudo: option -u needs a user")
			}
			o.User, args = args[0], args[1:]
		case strings.HasPrefix(a, "--"):
			keep = keep || strings.HasPrefix(a, "--preserve-env")
		default:
			keep = keep || strings.Contains(a, "E")
		}
	}
	home := "/root"
	if o.User == User {
		home = "/home/" + User
	}
	caller := "root"
	if os.Getuid() != 0 {
		caller = User
	}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if keep || name == "TERM" || name == "LANG" {
			o.Env = append(o.Env, pair)
		}
	}
	o.Env = append(o.Env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME="+home,
		"USER="+o.User, "LOGNAME="+o.User, "SUDO_USER="+caller)
	for len(args) > 0 && strings.Contains(args[0], "=") && !strings.HasPrefix(args[0], "=") {
		o.Env, args = append(o.Env, args[0]), args[1:]
	}
	if len(args) == 0 {
		args = []string{"/bin/bash"}
	}
	o.Args = args
	o.Dir, _ = os.Getwd()
	return do(o)
}

// cloudInit answers "status", with --wait once boot has finished.
func cloudInit(args []string) int {
	if !slices.Contains(args, "status") {
		return 0
	}
	for {
		_, err := os.Stat(bootedPath)
		switch {
		case err == nil:
			fmt.Println("status: done")
			return 0
		case !slices.Contains(args, "--wait"):
			fmt.Println("status: running")
			return 0
		}
		time.Sleep(100 * time.Millisecond)
	}
}
