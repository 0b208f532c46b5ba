package netguard

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The client's limits. They are about connections; the time and size of a whole
// exchange belong to the caller.
const (
	// DefaultRedirects is how many redirects a client follows unless told.
	DefaultRedirects = 5
	// dialTimeout covers name resolution and connecting.
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
	idleTimeout = 30 * time.Second
	// maxIdle and maxIdlePerHost bound the connections kept for later.
	maxIdle        = 64
	maxIdlePerHost = 8
	// maxHeader bounds an answer's headers, in bytes.
	maxHeader = 64 << 10
)

// ClientConfig describes a guarded HTTP client.
type ClientConfig struct {
	// Guard decides about addresses.
	Guard Guard
	// Redirects is how many are followed: 0 means DefaultRedirects, a negative
	// number none (the redirect itself is then the answer).
	Redirects int
}

// NewClient makes an HTTP client that dials through the guard, speaks http and
// https only, and ignores proxy settings of the environment. Close its idle
// connections when it is no longer used.
func NewClient(c ClientConfig) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: c.Guard.Control}
	return &http.Client{
		Transport: &schemes{base: &http.Transport{
			Proxy:                  nil, // A proxy would dial for us, past the guard.
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    tlsTimeout,
			IdleConnTimeout:        idleTimeout,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: redirects(c.Redirects),
	}
}

// redirects stops after a number of hops. The credentials of a request that goes
// on to another host are dropped by net/http.
func redirects(limit int) func(*http.Request, []*http.Request) error {
	if limit == 0 {
		limit = DefaultRedirects
	}
	return func(next *http.Request, before []*http.Request) error {
		if limit < 0 {
			return http.ErrUseLastResponse
		}
		if len(before) > limit {
			return refusef("more than %d redirects", limit)
		}
		return CheckURL(next.URL)
	}
}

// CheckURL refuses what no client of this package requests: other schemes than
// http and https, no host, credentials in the URL.
func CheckURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refusef("scheme %q is not http or https", u.Scheme)
	case u.Hostname() == "":
		return refusef("the URL has no host")
	case u.User != nil:
		return refusef("the URL has credentials; send a header instead")
	}
	return nil
}

// schemes refuses bad URLs before anything is dialled.
type schemes struct{ base *http.Transport }

// RoundTrip implements http.RoundTripper.
func (s *schemes) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := CheckURL(r.URL); err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	return s.base.RoundTrip(r)
}

// CloseIdleConnections lets http.Client reach the transport's.
func (s *schemes) CloseIdleConnections() { s.base.CloseIdleConnections() }
