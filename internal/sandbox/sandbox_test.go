package sandbox_test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/crypto/ssh"

	"strings"
	"testing"
	"time"
)

func TestThreeHostsAnswerWithinSeconds(t *testing.T) {
	s, dir := start(t)
	c := newCluster(t, s)
	began := time.Now()
	ids := []string{c.launch(""), c.launch(""), c.launch("")}
	for _, id := range ids {
		conn := c.dial(id)
		want := "ip-" + strings.ReplaceAll(*c.instance(id).PrivateIpAddress, ".", "-")
		if got := c.run(conn, "hostname && whoami && sudo whoami"); got != want+"\nubuntu\nroot" {
			t.Errorf("%s says %q, want host name %s and the users", id, got, want)
		}
	}
	took := time.Since(began)
	t.Logf("3 hosts and logins: %v, %v", took, count(t, dir))
	if took > 10*time.Second {
		t.Errorf("3 hosts took %v", took)
	}
}

func TestOnlySSHIsOpenFromOutsideTheGroup(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	a, b := c.launch(""), c.launch("")
	atA, atB := c.dial(a), c.dial(b)
	const listen = "sudo /usr/sbin/sshd -f /etc/ssh/flashmob_sshd_config -p %d -o PidFile=none </dev/null >/dev/null 2>&1"
	for _, port := range []int{80, 4222, 8080} {
		c.run(atA, fmt.Sprintf(listen, port))
	}
	open := scan(*c.instance(a).PublicIpAddress)
	if !slices.Equal(open, []int{22}) {
		t.Errorf("open from outside: %v, want only 22", open)
	}
	private := *c.instance(a).PrivateIpAddress
	for _, port := range []int{22, 80, 4222, 8080} {
		if out, err := output(atB, fmt.Sprintf("timeout 2 bash -c 'exec 3<>/dev/tcp/%s/%d; head -c 3 <&3'", private, port)); out != "SSH" {
			t.Errorf("port %d inside the group: %q, %v", port, out, err)
		}
	}
	// A host in another group of the same network is outside.
	other, err := c.api.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{VpcId: &c.vpc,
		GroupName: aws.String("other"), Description: aws.String("test")})
	c.must(err)
	_, err = c.api.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{InstanceId: &b,
		Groups: []string{*other.GroupId}})
	c.must(err)
	for deadline := time.Now().Add(5 * time.Second); ; {
		_, err := output(atB, fmt.Sprintf("timeout 0.5 bash -c 'exec 3<>/dev/tcp/%s/8080'", private))
		if err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a host that left the group still reaches its members")
		}
	}
}

// scan connects to the ports up to 1024 and some that programs like.
func scan(host string) []int {
	var (
		mu   sync.Mutex
		open []int
		wg   sync.WaitGroup
		slot = make(chan struct{}, 400)
	)
	for port := 1; port < 1100; port++ {
		p := port
		if p > 1024 {
			p = []int{2222, 4000, 4222, 6222, 8000, 8080, 8222, 9090}[port%8]
		}
		slot <- struct{}{}
		wg.Go(func() {
			defer func() { <-slot }()
			conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(p)), 300*time.Millisecond)
			if err != nil {
				return
			}
			conn.Close()
			mu.Lock()
			open = append(open, p)
			mu.Unlock()
		})
	}
	wg.Wait()
	return open
}

func TestWrongHostKeyIsNoticed(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	a, b := c.launch(""), c.launch("")
	c.dial(a)
	if _, err := c.tryDial(a, c.hosts[b]); err == nil || !strings.Contains(err.Error(), "host key") {
		t.Errorf("dial with another host's key: %v", err)
	}
}

func TestHostKeyCanBeRotated(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	id := c.launch("")
	conn := c.dial(id)
	line := c.run(conn, "sudo rm /etc/ssh/ssh_host_ed25519_key* && sudo ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key && "+
		"sudo systemctl reload ssh && cat /etc/ssh/ssh_host_ed25519_key.pub")
	fresh, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	c.must(err)
	c.hosts[id] = fresh
	for deadline := time.Now().Add(5 * time.Second); ; {
		if _, err = c.tryDial(id, fresh); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	c.run(conn, "true") // the session before goes on
}

func TestPowerOffTerminatesAndLeavesNothing(t *testing.T) {
	s, dir := start(t)
	empty := count(t, dir)
	c := newCluster(t, s)
	orders := map[string]string{}
	for _, order := range []string{"sudo poweroff", "sudo shutdown -h now", "sudo systemctl poweroff"} {
		orders[c.launch("")] = order
	}
	for id, order := range orders {
		conn := c.dial(id)
		if out, err := output(conn, "poweroff"); err == nil {
			t.Errorf("poweroff by %s's user is allowed: %s", id, out)
		}
		_, _ = output(conn, order) // the connection may end before the answer
	}
	for id := range orders {
		i := c.until(id, types.InstanceStateNameTerminated)
		if code := aws.ToString(i.StateReason.Code); code != "Client.InstanceInitiatedShutdown" {
			t.Errorf("%s ended for %s", id, code)
		}
	}
	volumes, err := c.api.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{})
	c.must(err)
	if n := len(volumes.Volumes); n != 0 {
		t.Errorf("%d volumes left", n)
	}
	empty.Objects = 0
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := count(t, dir) // an instance is terminated a moment before the kernel has let go of all that it was
		left.Objects = 0
		if left == empty {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left: %v; before the hosts: %v", left, empty)
		}
	}
}

func TestTimersPowerHostsOff(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	file := func(path, content string) string {
		return fmt.Sprintf("  - path: %s\n    content: |\n      %s\n", path, strings.ReplaceAll(content, "\n", "\n      "))
	}
	timer := "write_files:\n" +
		file("/etc/systemd/system/end.service", "[Service]\nExecStart=/usr/bin/systemctl poweroff") +
		file("/etc/systemd/system/end.timer", "[Timer]\nOnBootSec=1s") +
		"runcmd:\n  - [systemctl, daemon-reload]\n  - [systemctl, enable, --now, end.timer]\n"
	ids := []string{
		c.launch("write_files:\n" + file("/etc/flashmob/ttl", "1")),
		c.launch("write_files:\n" + file("/etc/flashmob/idle", "0.7")),
		c.launch(timer),
	}
	kept := c.launch("write_files:\n" + file("/etc/flashmob/idle", "2.5"))
	conn := c.dial(kept)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if out, err := output(conn, "for i in 1 2 3 4 5 6 7 8; do touch /run/flashmob/heartbeat; sleep 0.4; done"); err != nil {
			t.Errorf("a host with a heartbeat ended: %v %s", err, out)
		}
	}()
	for _, id := range ids {
		c.until(id, types.InstanceStateNameTerminated)
	}
	<-done
	if state := c.instance(kept).State.Name; state != types.InstanceStateNameRunning {
		t.Errorf("a host with a heartbeat is %s", state)
	}
	c.until(kept, types.InstanceStateNameTerminated)
}

func TestHostsWriteToTheirOwnDisksOnly(t *testing.T) {
	s, _ := start(t)
	c := newCluster(t, s)
	a, b := c.dial(c.launch("")), c.dial(c.launch(""))
	for _, dir := range []string{"/root", "/home/ubuntu", "/etc", "/usr/local/bin", "/tmp", "/var/lib", "/run", "/opt"} {
		file := dir + "/flashmob-sandbox-test"
		c.run(a, "echo mine | sudo tee "+file)
		if out, err := output(b, "sudo cat "+file); err == nil {
			t.Errorf("%s is shared between hosts: %s", file, out)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s is written on this machine", file)
		}
	}
	if out := c.run(a, "ls /work /root 2>&1; ps -e -o pid= | wc -l"); strings.Contains(out, "main") {
		t.Errorf("the machine's folders are visible: %s", out)
	}
}
