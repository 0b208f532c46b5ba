package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/headrace/headrace/sdk/fault"
)

// maxHeaders bounds the sum of all names and values of a request's header, in
// bytes.
const maxHeaders = 16 << 10

// securityHeaders are on every answer: nothing of the API is a page, is to be
// framed, or is to be kept. Read only.
var securityHeaders = []struct {
	name  string
	value []string
}{
	{"Cache-Control", []string{"no-store"}},
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Frame-Options", []string{"DENY"}},
}

// strictTransport is two years, what browsers' preload lists ask for.
var strictTransport = []string{"max-age=63072000"}

func setSecurityHeaders(h http.Header, r *http.Request) {
	for _, header := range securityHeaders {
		h[header.name] = header.value
	}
	if r.TLS != nil {
		h["Strict-Transport-Security"] = strictTransport
	}
}

// headersFit answers 431 to a request with too much in its header.
func (a *API) headersFit(w http.ResponseWriter, r *http.Request) bool {
	size := len(r.RequestURI)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	if size <= maxHeaders {
		return true
	}
	w.Header().Set("Connection", "close")
	a.fail(w, r, refuse(http.StatusRequestHeaderFieldsTooLarge,
		fault.Newf(fault.InvalidInput, "the request's header is larger than %d bytes", maxHeaders)))
	return false
}

// bearer returns the credential of a request; shown is false when there is
// none.
func bearer(r *http.Request) (credential string, shown bool) {
	given := r.Header["Authorization"]
	if len(given) != 1 {
		return "", false
	}
	scheme, credential, _ := strings.Cut(given[0], " ")
	credential = strings.TrimSpace(credential)
	return credential, strings.EqualFold(scheme, "Bearer") && credential != ""
}

// acceptsJSON tells whether the values of Accept allow application/json; none
// allows everything. The most specific range decides.
func acceptsJSON(values []string) bool {
	if len(values) == 0 {
		return true
	}
	best, allowed := -1, false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		rank := map[string]int{"*/*": 0, "application/*": 1, "application/json": 2}
		if r, fits := rank[kind]; fits && r > best {
			best, allowed = r, quality(params["q"]) > 0
		}
	}
	return allowed
}

// quality reads the q of a media range; absent or unreadable is 1.
func quality(q string) float64 {
	if v, err := strconv.ParseFloat(q, 64); err == nil {
		return v
	}
	return 1
}

// checkBodyType answers 415 to a body that is not declared as plain JSON.
func checkBodyType(r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refuse(http.StatusUnsupportedMediaType, fault.New(fault.InvalidInput, "compressed bodies are not taken"))
	}
	if r.ContentLength == 0 {
		return fault.New(fault.InvalidInput, "the request has no body")
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return refuse(http.StatusUnsupportedMediaType, fault.New(fault.InvalidInput, "the body must be declared as Content-Type: application/json"))
	}
	return nil
}
