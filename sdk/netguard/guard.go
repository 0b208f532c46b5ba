package netguard

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ErrRefused is what every refusal of the guard wraps.
var ErrRefused = errors.New("refused by the address guard")

// RefusedError is a refusal. net/http hands it on inside of errors of its own; by
// its type, its plain text can be found again.
type RefusedError struct {
	// Reason says what is wrong with the address or the URL.
	Reason string
}

// Error implements error.
func (e *RefusedError) Error() string { return ErrRefused.Error() + ": " + e.Reason }

// Unwrap gives ErrRefused.
func (e *RefusedError) Unwrap() error { return ErrRefused }

func refusef(format string, args ...any) error {
	return &RefusedError{Reason: fmt.Sprintf(format, args...)}
}

// Guard decides which addresses may be dialled. The zero value allows public
// addresses only.
type Guard struct {
	// AllowPrivate lifts the guard for every address.
	AllowPrivate bool
	// Allow lists networks that may be dialled although they are not public.
	Allow []netip.Prefix
}

// ParseAllow reads networks in CIDR form; a plain address is a network of its own.
func ParseAllow(texts []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(texts))
	for i, text := range texts {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, &AllowError{Index: i, Text: text, Err: err}
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// AllowError says which entry of a list is no network.
type AllowError struct {
	// Index is the entry's place in the list, Text what stands there.
	Index int
	Text  string
	Err   error
}

// Error implements error.
func (e *AllowError) Error() string {
	return fmt.Sprintf("entry %d, %q, is no network such as 10.0.0.0/8", e.Index+1, e.Text)
}

// Unwrap gives the cause.
func (e *AllowError) Unwrap() error { return e.Err }

func parsePrefix(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err == nil {
		return prefix.Masked(), nil
	}
	address, plain := netip.ParseAddr(text)
	if plain != nil || address.Zone() != "" {
		return netip.Prefix{}, err
	}
	return address.Prefix(address.BitLen())
}

// Control is a hook for net.Dialer.Control: it sees each address right before it
// is dialled.
func (g Guard) Control(network, address string, _ syscall.RawConn) error {
	switch network {
	case "tcp4", "tcp6", "udp4", "udp6":
	default:
		return refusef("network %s", network)
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusef("address %s cannot be read", address)
	}
	return g.Check(target.Addr())
}

// Check refuses an address that is not public and not allowed. An IPv6 address
// that carries an IPv4 address is judged by both.
func (g Guard) Check(address netip.Addr) error {
	if g.AllowPrivate {
		return nil
	}
	address = address.WithZone("").Unmap()
	if g.allows(address) {
		return nil
	}
	if why := reserved(address); why != "" {
		return refusef("%s is %s", address, why)
	}
	inner, carries := embedded(address)
	if !carries || g.allows(inner) {
		return nil
	}
	if why := reserved(inner); why != "" {
		return refusef("%s carries %s, which is %s", address, inner, why)
	}
	return nil
}

func (g Guard) allows(address netip.Addr) bool {
	for _, prefix := range g.Allow {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}
