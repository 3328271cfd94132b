package acceptance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var tlsCases = []pusherCase{
	{"C10", "over TLS all is the same, and no client is asked for a certificate", caseC10},
}

// certified makes a certificate for 127.0.0.1, signed by itself, and has a server use it.
func certified(t *testing.T) (s settings, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, private := filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	if err := errors.Join(
		os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644),
		os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return settings{"tls.cert": file, "tls.key": private}, file
}

func caseC10(t *testing.T) {
	s, file := certified(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			t.Error("the server asks its client for a certificate")
			return &tls.Certificate{}, nil
		},
	}}
	t.Cleanup(transport.CloseIdleConnections)
	over := &http.Client{Transport: transport}

	a := newPusherApp("a", nil)
	srv := servePusher(t, s, a)
	c, err := dialPusherAt(t.Context(), "wss://"+srv.addr, a.key, over)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.hangUp)
	p := &pusherTalk{c, t}
	p.check(c.greeted(t.Context(), a))
	p.subscribe("private-room")
	const body = `{"name":"e","channel":"private-room","data":"secret"}`
	resp, err := askOver(t.Context(), over, "POST", "https://"+srv.addr+signedTarget(a, "POST", "/apps/a/events", body), body)
	if err != nil || resp.status != 200 {
		t.Fatalf("%s, %v", resp, err)
	}
	p.expect(pusherEvent("private-room", "e", `"secret"`))
}

func TestOnNodeClientsSpeakTLS(t *testing.T) {
	t.Parallel()
	tls, file := certified(t)
	a := newPusherApp("a", nil)
	s := servePusher(t, tls, a)
	c := nodeClient(t, []string{"NODE_EXTRA_CA_CERTS=" + file}, s, a, true)
	c.tell("subscribe private-room")
	c.expect("subscribed private-room")
}
