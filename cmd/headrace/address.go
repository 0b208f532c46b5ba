package main

import (
	"net"
	"net/netip"
	"strings"
)

// baseURL is the URL by which this machine reaches a listener.
func baseURL(addr net.Addr) string {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if at.Addr().IsUnspecified() { // it listens on all addresses
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return "http://" + at.String()
}

// shellWord quotes text so that a shell takes it as one word.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("-_./:@%+=,", r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
