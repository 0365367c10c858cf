package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"flashmob/infra"
)

// What doctor checks of this machine.

// clockLimit is how far a clock may be off: calls are refused from five minutes on.
const clockLimit = 4 * time.Minute

func checkClock(ahead time.Duration) finding {
	off := ahead.Abs()
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	if off > clockLimit {
		return problem("set it: timedatectl set-ntp true", "%s %s the service's: calls are refused from five minutes on", took(off), word)
	}
	return fine("within %s of the service's", took(max(off, time.Second)))
}

func checkPulumi(ctx context.Context) finding {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return finding{Found: "not on PATH", Hint: "flashmob up installs one under ~/.pulumi/versions, from the network; .ci/pulumi builds one into bin/tools"}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return problem("install it again: https://www.pulumi.com/docs/install", "%s version: %v", path, err)
	}
	return fine("%s, %s", strings.TrimSpace(string(out)), path)
}

func checkBeside(name string) finding {
	path, err := beside(name)
	if err != nil {
		return problem("make build-all puts it beside flashmob", "%v", err)
	}
	return fine("%s", path)
}

func checkWorker(arch string) finding {
	path, err := workerFor(arch)
	if err != nil {
		return problem("make build-all puts it beside flashmob; without it "+arch+" hosts cannot work", "%v", err)
	}
	return fine("%s", path)
}

// checkKeys checks that private keys can be kept in the cluster's folder, where nobody else reads them.
func checkKeys(files infra.Files) finding {
	dir := files.Cluster()
	hint := "run flashmob in a folder that you may write to"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return problem(hint, "%v", err)
	}
	file, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return problem(hint, "%v", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return problem(hint, "%v", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return problem("this file system does not keep modes: use another", "%s: others can read files here", dir)
	}
	return fine("kept in %s", dir)
}

// leastDisk is what keys, state and a small run's results take.
const leastDisk = 1 << 30

func checkDisk() finding {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(".", &fs); err != nil {
		return problem("", "%v", err)
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	if free < leastDisk {
		return problem("make room, or run flashmob in another folder", "%s free here", megabytes(free))
	}
	return fine("%s free here", megabytes(free))
}

func checkSSH() finding {
	path, err := exec.LookPath("ssh")
	if err != nil {
		return finding{Found: "not installed", Hint: "only flashmob ssh wants it (apt-get install openssh-client)"}
	}
	return fine("%s", path)
}
