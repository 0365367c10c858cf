package cloud

import (
	"encoding/base64"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

type keyPair struct {
	ID      string
	Name    string
	Public  string // one authorized_keys line
	Created time.Time
	Labels  Tags
}

func (k *keyPair) tags() Tags { return k.Labels }

func (k *keyPair) attributes() attributes {
	return attributes{"key-pair-id": {k.ID}, "key-name": {k.Name}, "fingerprint": {k.fingerprint()}}
}

func (k *keyPair) fingerprint() string {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(k.Public))
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(ssh.FingerprintSHA256(key), "SHA256:") + "="
}

func (k *keyPair) keyType() string {
	if strings.HasPrefix(k.Public, "ssh-rsa ") {
		return "rsa"
	}
	return "ed25519"
}

type keyPairXML struct {
	ID          string    `xml:"keyPairId"`
	Name        string    `xml:"keyName"`
	Fingerprint string    `xml:"keyFingerprint"`
	Type        string    `xml:"keyType"`
	Public      string    `xml:"publicKey,omitempty"`
	Created     string    `xml:"createTime"`
	Tags        []tagItem `xml:"tagSet>item"`
}

func (k *keyPair) xml() keyPairXML {
	return keyPairXML{k.ID, k.Name, k.fingerprint(), k.keyType(), "", stamp(k.Created), k.Labels.items()}
}

func (c *Cloud) importKeyPair(q query) (any, error) {
	name, err := q.need("KeyName")
	if err != nil {
		return nil, err
	}
	if c.keyNamed(name) != nil {
		return nil, refuse("InvalidKeyPair.Duplicate", "The keypair already exists")
	}
	material, err := base64.StdEncoding.DecodeString(q.get("PublicKeyMaterial"))
	if err == nil {
		_, _, _, _, err = ssh.ParseAuthorizedKey(material)
	}
	if err != nil {
		return nil, refuse("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
	}
	k := &keyPair{ID: newID("key"), Name: name, Public: strings.TrimSpace(string(material)), Created: time.Now().UTC(),
		Labels: q.tagsFor("key-pair")}
	c.KeyPairs[k.ID] = k
	return k.xml(), nil
}

func (c *Cloud) describeKeyPairs(q query) (any, error) {
	ids := q.list("KeyPairId")
	for _, name := range q.list("KeyName") {
		k := c.keyNamed(name)
		if k == nil {
			return nil, refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
		}
		ids = append(ids, k.ID)
	}
	found, err := pick(q, c.KeyPairs, ids, "InvalidKeyPair.NotFound")
	var out struct {
		Pairs []keyPairXML `xml:"keySet>item"`
	}
	for _, k := range found {
		item := k.xml()
		if q.flag("IncludePublicKey", false) {
			item.Public = k.Public
		}
		out.Pairs = append(out.Pairs, item)
	}
	return out, err
}

// deleteKeyPair answers true for a pair that does not exist, as EC2 does for names.
func (c *Cloud) deleteKeyPair(q query) (any, error) {
	k := c.KeyPairs[q.get("KeyPairId")]
	if k == nil {
		k = c.keyNamed(q.get("KeyName"))
	}
	if k == nil {
		return ok, nil
	}
	delete(c.KeyPairs, k.ID)
	return struct {
		Return bool   `xml:"return"`
		ID     string `xml:"keyPairId"`
	}{true, k.ID}, nil
}

func (c *Cloud) keyNamed(name string) *keyPair {
	for _, k := range c.KeyPairs {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// stamp writes a time as EC2 does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
