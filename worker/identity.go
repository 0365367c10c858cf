package worker

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// serverName is the name in the initializer's certificate: workers know it by its key, whatever its address.
const serverName = "initializer.flashmob"

// Identity is how the initializer of a run proves who it is. It is made for one run and thrown away with it: a
// certificate that signs itself, which the workers of the run trust and no other. All in PEM.
type Identity struct {
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"`
}

// noEnd is what a certificate says that does not expire (RFC 5280, 4.1.2.5).
var noEnd = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// NewIdentity makes an identity.
func NewIdentity() (Identity, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("make identity: %w", err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: serverName}, DNSNames: []string{serverName},
		NotBefore: time.Unix(0, 0), NotAfter: noEnd, // it is the run's, not the time's, which hosts may be wrong about: nobody trusts it after the run
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true, IsCA: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, public, private)
	if err != nil {
		return Identity{}, fmt.Errorf("make identity: %w", err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Identity{}, fmt.Errorf("make identity: %w", err)
	}
	return Identity{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}, nil
}

// TLS returns the configuration of the initializer's log.
func (i Identity) TLS() (*tls.Config, error) {
	pair, err := tls.X509KeyPair(i.Certificate, i.Key)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}, nil
}

// mutualTLS returns the configuration between replicas of the log, each of which proves to the other that it is the run's.
func (i Identity) mutualTLS() (*tls.Config, error) {
	config, err := i.TLS()
	if err != nil {
		return nil, err
	}
	trust, err := trustOnly(i.Certificate)
	if err != nil {
		return nil, err
	}
	config.RootCAs, config.ServerName = trust.RootCAs, trust.ServerName
	config.ClientCAs, config.ClientAuth = trust.RootCAs, tls.RequireAndVerifyClientCert
	return config, nil
}

// trustOnly returns the configuration of a worker that trusts one certificate.
func trustOnly(certificate []byte) (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		return nil, errors.New("identity: no certificate in the PEM text")
	}
	return &tls.Config{RootCAs: pool, ServerName: serverName, MinVersion: tls.VersionTLS13}, nil
}
