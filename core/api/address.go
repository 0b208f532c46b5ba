package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress finds who speaks: the peer, or whom a trusted proxy names. The
// list is read from its end, over the proxies that are trusted; what lies before
// the first other address anybody may have written. An unreadable list counts
// for nothing.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a listener without addresses
	}
	address := peer.Addr().Unmap().WithZone("")
	if len(trusted) == 0 || !inAny(address, trusted) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return address
		}
		address = next.Unmap().WithZone("")
		if !inAny(address, trusted) {
			return address
		}
	}
	return address
}

func inAny(address netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(address) })
}
