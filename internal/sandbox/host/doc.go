// Package host is one machine of the sandbox: a process that is the first of its own network, mount, process, IPC and
// host name namespaces, and everything that it starts.
//
// The server's side is Start, which clones the process and hands it a Config. The process itself runs Main:
//
//	root file system → network and packet filter → (Start returns) → login account, host key, write_files
//	→ control socket → sshd → runcmd → wait for a power-off
//
// The root file system is a tmpfs as large as the instance's disk, with the machine's /usr, /etc and /opt laid under
// it copy-on-write. A host sees none of the machine's other folders and can write everywhere without a trace.
//
// There is no systemd inside. What a host's user data would ask of it is done by convention:
//
//	/etc/flashmob/ttl               seconds after boot at which the host powers itself off
//	/etc/flashmob/idle              seconds without a heartbeat after which it does
//	/run/flashmob/heartbeat         its modification time is the last heartbeat; boot counts as one
//	poweroff, halt, shutdown, systemctl poweroff    do what they say, for root
//	systemctl reload|restart ssh    sshd reads its configuration and host keys again
//	systemctl start X.timer         and enable --now: the timers of user data run (units)
//	systemctl anything else         succeeds and does nothing
//	sudo                            for the login account, without a password
//	cloud-init status --wait        returns when runcmd has ended
//
// When the process ends, in whatever way, the kernel ends all processes of the host and frees its mounts and network.
// It also ends by itself when the instance's folder is removed, or when its lifeline closes.
package host
