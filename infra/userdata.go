package infra

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
)

// Heartbeat is the file on a host whose touching keeps the host alive: runs and operators do it.
const Heartbeat = "/run/flashmob/heartbeat"

// UserData is what a host is told at its first boot.
//
// It carries the host's first private key, which every process on the host can read again from the metadata service, and
// everybody in the account who may describe its instances: good enough to know the host at first contact, when another
// takes its place (Files.Rekey).
type UserData struct {
	HostKey HostKey
	TTL     time.Duration
	Idle    time.Duration
}

// String is the cloud-config text.
func (u UserData) String() string {
	config := cloudConfig{
		SSHDeleteKeys: true,
		SSHKeys:       sshKeys{Private: u.HostKey.Private, Public: u.HostKey.Public},
		WriteFiles: []writeFile{
			{"/etc/flashmob/limits", "0644", fmt.Sprintf("TTL_SECONDS=%d\nIDLE_SECONDS=%d\n", seconds(u.TTL), seconds(u.Idle))},
			{"/usr/local/lib/flashmob/idle", "0755", idleScript},
			unit("flashmob-ttl.service", fmt.Sprintf(powerOffService, u.TTL)),
			unit("flashmob-ttl.timer", fmt.Sprintf(ttlTimer, u.TTL, seconds(u.TTL))),
			unit("flashmob-idle.service", fmt.Sprintf(idleService, u.Idle)),
			unit("flashmob-idle.timer", fmt.Sprintf(idleTimer, checkEvery(u.Idle))),
		},
		RunCmd: [][]string{
			{"install", "-d", "-m", "0777", "/run/flashmob"},
			{"touch", Heartbeat},
			{"chmod", "0666", Heartbeat},
			{"systemctl", "daemon-reload"},
			{"systemctl", "enable", "--now", "flashmob-ttl.timer", "flashmob-idle.timer"},
		},
	}
	text, err := yaml.MarshalWithOptions(config, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return "#cloud-config\n" + string(text)
}

type cloudConfig struct {
	SSHDeleteKeys  bool        `yaml:"ssh_deletekeys"`
	SSHKeys        sshKeys     `yaml:"ssh_keys"`
	SSHPasswords   bool        `yaml:"ssh_pwauth"`
	PackageUpdate  bool        `yaml:"package_update"`
	PackageUpgrade bool        `yaml:"package_upgrade"`
	WriteFiles     []writeFile `yaml:"write_files"`
	RunCmd         [][]string  `yaml:"runcmd"`
}

type sshKeys struct {
	Private string `yaml:"ed25519_private"`
	Public  string `yaml:"ed25519_public"`
}

type writeFile struct {
	Path        string `yaml:"path"`
	Permissions string `yaml:"permissions"`
	Content     string `yaml:"content"`
}

func unit(name, content string) writeFile {
	return writeFile{"/etc/systemd/system/" + name, "0644", content}
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// checkEvery is how many seconds pass between two looks at the heartbeat: a twentieth of the idle time, within a
// second and a minute.
func checkEvery(idle time.Duration) int { return min(max(seconds(idle)/20, 1), 60) }

const powerOffService = `[Unit]
Description=flashmob: power off, %v after boot
FailureAction=poweroff-force

[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl poweroff
`

const ttlTimer = `[Unit]
Description=flashmob: the end of this host, %v after boot

[Timer]
OnBootSec=%ds
AccuracySec=1s

[Install]
WantedBy=timers.target
`

const idleService = `[Unit]
Description=flashmob: power off when no run and no operator was heard for %v

[Service]
Type=oneshot
ExecStart=/usr/local/lib/flashmob/idle
`

const idleTimer = `[Unit]
Description=flashmob: look at the heartbeat

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=%ds
AccuracySec=1s

[Install]
WantedBy=timers.target
`

// idleScript measures by uptime alone: the wall clock of a host may jump while it boots.
const idleScript = `#!/bin/sh
# Powers the host off once nobody has touched ` + Heartbeat + ` for IDLE_SECONDS.
set -eu
. /etc/flashmob/limits
cd /run && mkdir -p -m 0777 flashmob && cd flashmob
now=$(cut -d. -f1 /proc/uptime)
heard=$(stat -c %y heartbeat 2>/dev/null || echo never)
if [ ! -s since ] || [ "$heard" != "$(cat heard 2>/dev/null)" ]; then
	echo "$heard" >heard
	echo "$now" >since
fi
if [ $((now - $(cat since))) -ge "$IDLE_SECONDS" ]; then
	systemctl poweroff
fi
`
