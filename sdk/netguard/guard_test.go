package netguard_test

import (
	"errors"
	"net/netip"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/sdk/netguard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOnlyPublicAddressesPass(t *testing.T) {
	t.Parallel()
	refused := []string{
		"127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255",
		"192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "224.0.0.1", "255.255.255.255",
		"192.0.0.192", "198.18.0.1", "203.0.113.5", "240.0.0.1", "168.63.129.16",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
		"2001:0:4136:e378:8000:63bf:80ff:fffe", // Teredo for 127.0.0.1
	}
	for _, text := range refused {
		if err := (netguard.Guard{}).Check(netip.MustParseAddr(text)); !errors.Is(err, netguard.ErrRefused) {
			t.Errorf("%s: %v", text, err)
		}
	}
	allowed := []string{
		"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "126.255.255.255", "11.0.0.1",
		"2606:4700:4700::1111", "64:ff9b::101:101", "2002:101:101::1", "::ffff:1.1.1.1",
	}
	for _, text := range allowed {
		if err := (netguard.Guard{}).Check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := (netguard.Guard{}).Check(netip.Addr{}); !errors.Is(err, netguard.ErrRefused) {
		t.Errorf("no address: %v", err)
	}
}

func TestAllowedNetworksPass(t *testing.T) {
	t.Parallel()
	allow, err := netguard.ParseAllow([]string{"10.1.0.0/16", "fd00::/8", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	guard := netguard.Guard{Allow: allow}
	for text, want := range map[string]bool{
		"10.1.2.3": true, "10.2.0.1": false, "fd12::1": true, "fc00::1": false, "127.0.0.1": true,
		"127.0.0.2": false, "::ffff:10.1.2.3": true, "64:ff9b::a01:203": true, "64:ff9b::a02:1": false,
	} {
		if err := guard.Check(netip.MustParseAddr(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := (netguard.Guard{AllowPrivate: true}).Check(netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Errorf("allow private: %v", err)
	}
}

func TestAllowNamesTheBadEntry(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"10.0.0.0/33", "example.com", "", "fe80::1%eth0"} {
		_, err := netguard.ParseAllow([]string{"10.0.0.0/8", text})
		var bad *netguard.AllowError
		if !errors.As(err, &bad) || bad.Index != 1 || bad.Text != text {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestControlSeesOnlyAddresses(t *testing.T) {
	t.Parallel()
	guard := netguard.Guard{}
	for address, want := range map[[2]string]bool{
		{"tcp4", "1.1.1.1:443"}:           true,
		{"tcp6", "[2606:4700::1111]:443"}: true,
		{"tcp4", "127.0.0.1:80"}:          false,
		{"tcp6", "[::1]:80"}:              false,
		{"unix", "/run/docker.sock"}:      false,
		{"tcp4", "example.com:80"}:        false,
	} {
		if err := guard.Control(address[0], address[1], nil); (err == nil) != want {
			t.Errorf("%v: %v", address, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range [][]byte{{127, 0, 0, 1}, make([]byte, 16), {0x20, 0x02, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		address, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		err := netguard.Guard{}.Check(address)
		plain := address.Unmap()
		if local := plain.IsLoopback() || plain.IsPrivate() || plain.IsLinkLocalUnicast() || plain.IsMulticast() || plain.IsUnspecified(); local && err == nil {
			t.Errorf("%s passed", address)
		}
		if plain.Is4() {
			mapped := netip.AddrFrom16(plain.As16())
			if (netguard.Guard{}.Check(mapped) == nil) != (err == nil) {
				t.Errorf("%s and %s are judged differently", plain, mapped)
			}
		}
	})
}
