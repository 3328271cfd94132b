package emit

import (
	"fmt"
	"net/netip"
	"syscall"
)

// forbidden are the networks that a webhook must not reach unless its endpoint says so: this machine, its
// neighbours, what clouds tell their machines, and the forms in which IPv6 wraps any of these.
var forbidden = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // Azure's agent, on a public address
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(all ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(all))
	for i, s := range all {
		list[i] = netip.MustParsePrefix(s)
	}
	return list
}

// isPrivate says that an address is in none of the networks that are open to all.
func isPrivate(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range forbidden {
		if p.Contains(a) {
			return true
		}
	}
	return !a.IsValid()
}

// An addressError is a connection that was not made.
type addressError struct {
	addr netip.Addr
	hint string
}

func (e *addressError) Error() string {
	return fmt.Sprintf("%s is an address of a private network: %s", e.addr, e.hint)
}

// guard returns a net.Dialer's Control: it sees the very address that is connected to, after whatever resolved
// the name.
func guard(hint string) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if isPrivate(to.Addr()) {
			return &addressError{to.Addr(), hint}
		}
		return nil
	}
}
