package netguard_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/headrace/headrace/sdk/netguard"
)

// local allows the address of httptest's servers.
func local(t *testing.T) netguard.Guard {
	t.Helper()
	return netguard.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
}

func get(t *testing.T, client *http.Client, url string) (string, error) {
	t.Helper()
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() {
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestTheClientDialsThroughTheGuard(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "reached")
	}))
	t.Cleanup(server.Close)
	if _, err := get(t, netguard.NewClient(netguard.ClientConfig{}), server.URL); !errors.Is(err, netguard.ErrRefused) {
		t.Errorf("without leave: %v", err)
	}
	// A name is judged by what it resolves to when it is dialled.
	named := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if _, err := get(t, netguard.NewClient(netguard.ClientConfig{}), named); !errors.Is(err, netguard.ErrRefused) {
		t.Errorf("by name: %v", err)
	}
	if body, err := get(t, netguard.NewClient(netguard.ClientConfig{Guard: local(t)}), server.URL); err != nil || body != "reached" {
		t.Errorf("with leave: %q, %v", body, err)
	}
}

func TestRedirectsAreGuarded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "reached")
	}))
	t.Cleanup(server.Close)
	for name, to := range map[string]string{
		"a private address": "http://127.0.0.2:1/", "metadata": "http://169.254.169.254/latest",
		"a file": "file:///etc/passwd", "itself for ever": "/?to=%2F%3Fto%3D%252F%253Fto%253D%25252F%25253Fto",
	} {
		target := server.URL + "/?to=" + url.QueryEscape(to)
		client := netguard.NewClient(netguard.ClientConfig{Guard: local(t), Redirects: 1})
		if _, err := get(t, client, target); !errors.Is(err, netguard.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if body, err := get(t, netguard.NewClient(netguard.ClientConfig{Guard: local(t)}), server.URL+"/?to=/"); err != nil || body != "reached" {
		t.Errorf("an allowed one: %q, %v", body, err)
	}
	none := netguard.NewClient(netguard.ClientConfig{Guard: local(t), Redirects: -1})
	if body, err := get(t, none, server.URL+"/?to=/"); err != nil || !strings.Contains(body, "Found") {
		t.Errorf("none followed: %q, %v", body, err)
	}
}

func TestOddURLsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ftp://example.com/", "file:///etc/passwd", "gopher://x/", "http:///x", "http://u:p@example.com/"} {
		if _, err := get(t, netguard.NewClient(netguard.ClientConfig{}), text); !errors.Is(err, netguard.ErrRefused) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request went through the proxy")
	}))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	// The address is a private one, so nothing leaves this machine either way.
	client := netguard.NewClient(netguard.ClientConfig{})
	if _, err := get(t, client, "http://10.255.255.1/"); !errors.Is(err, netguard.ErrRefused) {
		t.Errorf("%v", err)
	}
}
