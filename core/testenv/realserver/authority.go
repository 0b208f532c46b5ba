package realserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority of one test, with a certificate for a
// server at 127.0.0.1 and one for a client. The files are readable by all: the
// servers may run as another user, and the keys are good for an hour.
type Authority struct {
	dir  string
	pool *x509.CertPool
	// client is what a client shows.
	client tls.Certificate
}

// NewAuthority makes an authority and the certificates.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{dir: folder(tb, "tls"), pool: x509.NewCertPool()}
	if err := a.issue(); err != nil {
		tb.Fatal(err)
	}
	return a
}

// CA is the path of the authority's certificate, in PEM as all files here.
func (a *Authority) CA() string { return filepath.Join(a.dir, "ca.pem") }

// ServerCert is the path of the server's certificate.
func (a *Authority) ServerCert() string { return filepath.Join(a.dir, "server.pem") }

// ServerKey is the path of the server's key.
func (a *Authority) ServerKey() string { return filepath.Join(a.dir, "server.key") }

// ClientCert is the path of the client's certificate.
func (a *Authority) ClientCert() string { return filepath.Join(a.dir, "client.pem") }

// ClientKey is the path of the client's key.
func (a *Authority) ClientKey() string { return filepath.Join(a.dir, "client.key") }

// ClientConfig trusts the authority only and shows the client's certificate.
func (a *Authority) ClientConfig() *tls.Config {
	return &tls.Config{RootCAs: a.pool, Certificates: []tls.Certificate{a.client}, MinVersion: tls.VersionTLS12}
}

// issue writes all files.
func (a *Authority) issue() error {
	root := template("headrace test authority")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	rootKey, err := a.write("ca", root, root, nil)
	if err != nil {
		return err
	}
	a.pool.AddCert(root)
	server := template("127.0.0.1")
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if _, err := a.write("server", server, root, rootKey); err != nil {
		return err
	}
	client := template("headrace")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := a.write("client", client, root, rootKey); err != nil {
		return err
	}
	a.client, err = tls.LoadX509KeyPair(a.ClientCert(), a.ClientKey())
	return err
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// write makes a key, has the certificate signed and writes both. Without a key of
// the issuer the certificate signs itself; it is filled in then.
func (a *Authority) write(name string, cert, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	self := issuerKey == nil
	if self {
		issuerKey = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		return nil, err
	}
	if self {
		signed, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		*cert = *signed
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := a.pem(name+".pem", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return key, a.pem(name+".key", "PRIVATE KEY", secret)
}

func (a *Authority) pem(name, kind string, der []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return os.WriteFile(filepath.Join(a.dir, name), text, 0o644) //nolint:gosec // G306: another user's server reads it
}

// keyFor copies the server's key below home for the user that runs PostgreSQL,
// which takes no key that others can read.
func (a *Authority) keyFor(home string) (string, error) {
	text, err := os.ReadFile(a.ServerKey())
	if err != nil {
		return "", err
	}
	path := filepath.Join(home, "server.key")
	if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // G703: home is a folder of this test
		return "", err
	}
	if os.Geteuid() != 0 {
		return path, nil
	}
	credential, err := Credential(postgresUser)
	if err != nil {
		return "", err
	}
	return path, own(path, credential)
}
