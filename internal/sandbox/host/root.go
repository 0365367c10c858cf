package host

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// systemFolders of the machine are laid under the host's own, copy-on-write. On most systems all but the first three
// are links into /usr.
var systemFolders = []string{"usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32"}

// ownFolders start empty.
var ownFolders = map[string]os.FileMode{
	"root": 0o700, "home": 0o755, "tmp": 0o777 | os.ModeSticky, "run": 0o755, "srv": 0o755, "mnt": 0o755, "media": 0o755,
	"proc": 0o555, "sys": 0o555, "dev": 0o755, "run/sshd": 0o755, "run/lock": 0o777 | os.ModeSticky,
	"run/flashmob": 0o777 | os.ModeSticky, "run/flashmob-sandbox": 0o755, "var": 0o755, "var/lib": 0o755,
	"var/lib/cloud": 0o755, "var/lib/cloud/instance": 0o755, "var/log": 0o755, "var/cache": 0o755, "var/spool": 0o755,
	"var/tmp": 0o777 | os.ModeSticky,
}

// mountRoot builds the host's root file system at the folder named root and makes it this process's /.
func mountRoot(root string, disk int64) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer program.Close()
	if err := unix.Mount("disk", root, "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", disk)); err != nil {
		return fmt.Errorf("mount disk: %w", err)
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	for _, name := range systemFolders {
		if err := layUnder(name); err != nil {
			return err
		}
	}
	for name, mode := range ownFolders {
		if err := os.MkdirAll(name, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(name, mode); err != nil {
			return err
		}
	}
	if err := mountDevices(); err != nil {
		return err
	}
	if err := bindProgram(program); err != nil {
		return err
	}
	return enter()
}

// layUnder mounts the machine's folder of this name below a writable one.
func layUnder(name string) error {
	machine := "/" + name
	info, err := os.Lstat(machine)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(machine)
		if err != nil {
			return err
		}
		return os.Symlink(target, name)
	}
	upper, work := filepath.Join(".layers", name, "upper"), filepath.Join(".layers", name, "work")
	for _, dir := range []string{upper, work, name} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", machine, upper, work)
	if err := unix.Mount("system", name, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount overlay of %s: %w", machine, err)
	}
	return nil
}

func mountDevices() error {
	if err := unix.Mount("dev", "dev", "tmpfs", unix.MS_NOSUID, "mode=755,size=64k"); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		if err := device("dev/"+name, 1, minor); err != nil {
			return err
		}
	}
	if err := device("dev/tty", 5, 0); err != nil {
		return err
	}
	for link, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
		"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if err := os.Symlink(target, "dev/"+link); err != nil {
			return err
		}
	}
	for _, m := range []struct{ dir, kind, options string }{
		{"dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=620,gid=5"},
		{"dev/shm", "tmpfs", "mode=1777"},
		{"proc", "proc", ""},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, unix.MS_NOSUID, m.options); err != nil {
			return fmt.Errorf("mount /%s: %w", m.dir, err)
		}
	}
	if err := unix.Mount("sys", "sys", "sysfs", unix.MS_RDONLY|unix.MS_NOSUID, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	return nil
}

func device(name string, major, minor uint32) error {
	if err := unix.Mknod(name, unix.S_IFCHR|0o666, int(unix.Mkdev(major, minor))); err != nil {
		return fmt.Errorf("make /%s: %w", name, err)
	}
	return os.Chmod(name, 0o666) // past the umask
}

// bindProgram makes the running program visible inside, for the commands of installPrograms.
func bindProgram(program *os.File) error {
	to := "." + programPath
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(to, nil, 0o755); err != nil {
		return err
	}
	from := fmt.Sprintf("/proc/self/fd/%d", program.Fd())
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", programPath, err)
	}
	return nil
}

// enter makes the working folder the root and drops the machine's.
func enter() error {
	if err := os.Mkdir(".machine", 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", ".machine"); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/.machine", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the machine's root: %w", err)
	}
	return os.Remove("/.machine")
}
