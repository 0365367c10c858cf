package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// rekeyWait is how long a host may take to show the key that it was given.
const rekeyWait = 10 * time.Second

// installKey is the command that makes the private key on its standard input the host's. sshd reads it again at once; the
// connections that are open go on.
const installKey = `sudo sh -c 'set -e; umask 077; cd /etc/ssh; k=ssh_host_ed25519_key; cat > $k.new; ssh-keygen -y -f $k.new > $k.pub.new; ` +
	`chmod 644 $k.pub.new; mv $k.pub.new $k.pub; mv $k.new $k; systemctl reload ssh || systemctl reload sshd'`

// rekey gives a host that may still have the key of its user data the one that takes its place (see
// ClusterConfig.Rekey), and proves that it has it. A host with which that fails keeps its key until the next contact; one
// that shows a third key is an error.
func (c *Cluster) rekey(ctx context.Context, r *conn) error {
	if r.host.NextHostKey == "" || c.Rekey == nil {
		return nil
	}
	err := c.replaceKey(ctx, r)
	if err != nil && !errors.Is(err, ErrHostKey) && ctx.Err() == nil {
		c.Log.Warn("host keeps the key of its user data for now", "host", r.host.Name, "err", err)
		return nil
	}
	return err
}

func (c *Cluster) replaceKey(ctx context.Context, r *conn) error {
	return c.Rekey(r.host.Name, func(private string) error {
		own := r.host
		own.HostKey, own.NextHostKey = r.host.NextHostKey, ""
		if !pins(own.HostKey, r.shown) {
			if _, err := r.run(ctx, installKey, strings.NewReader(private)); err != nil {
				return err
			}
		}
		config, err := clientConfig(c.Inventory, own)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(ctx, rekeyWait, fmt.Errorf("no login with it for %v", rekeyWait))
		defer cancel()
		for {
			proof, err := dial(ctx, own, config)
			if err == nil {
				proof.close()
				return nil
			}
			// For a moment sshd still has the old one, or does not listen.
			if !errors.Is(err, ErrHostKey) && !passes(err) {
				return err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%w: %w", context.Cause(ctx), err)
			case <-time.After(connectPause / 4):
			}
		}
	})
}

// pins reports whether a pin is that of a key.
func pins(pin string, key ssh.PublicKey) bool {
	pinned, _, _, _, err := ssh.ParseAuthorizedKey([]byte(pin))
	return err == nil && bytes.Equal(key.Marshal(), pinned.Marshal())
}
