package worker

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// Who does not have the run's token, or takes another certificate for its initializer's, or none, cannot connect: so there is
// nothing to publish to or to read from. Nor can a worker be led to somebody else's log.
func TestStrangersCannotConnect(t *testing.T) {
	own, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	identity, err := own.TLS()
	if err != nil {
		t.Fatal(err)
	}
	server, err := startServer(t.TempDir(), "127.0.0.1:0", "the token", identity, false)
	if err != nil {
		t.Fatal(err)
	}
	defer server.WaitForShutdown()
	defer server.Shutdown()
	trusting := func(i Identity) nats.Option {
		trust, err := trustOnly(i.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		return nats.Secure(trust)
	}
	old := func() nats.Option {
		trust, err := trustOnly(own.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		trust.MinVersion, trust.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
		return nats.Secure(trust)
	}
	for name, c := range map[string]struct {
		options []nats.Option
		enters  bool
	}{
		"a worker of the run":     {[]nats.Option{nats.Token("the token"), trusting(own)}, true},
		"no token":                {[]nats.Option{trusting(own)}, false},
		"another token":           {[]nats.Option{nats.Token("The token"), trusting(own)}, false},
		"a user and a password":   {[]nats.Option{nats.UserInfo("the token", "the token"), trusting(own)}, false},
		"no token nor TLS":        {nil, false},
		"token, but no TLS":       {[]nats.Option{nats.Token("the token")}, false},
		"TLS of another run":      {[]nats.Option{nats.Token("the token"), trusting(other)}, false},
		"TLS as it was years ago": {[]nats.Option{nats.Token("the token"), old()}, false},
	} {
		nc, err := nats.Connect(server.ClientURL(), append(c.options, nats.Timeout(10*time.Second))...)
		if (err == nil) != c.enters {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			nc.Close()
		}
	}
}
