package process

import (
	"context"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// PeerError says that somebody else than the plugin listens on its socket.
type PeerError struct {
	// PID and UID of who listens; Want is the plugin's process group.
	PID, UID, Want int
}

// Error names both sides.
func (e *PeerError) Error() string {
	return fmt.Sprintf("the socket belongs to process %d of user %d, which is not in the plugin's process group %d", e.PID, e.UID, e.Want)
}

// Dial connects to the plugin's socket and lets the kernel say who listens: the
// process itself, or a member of its group when a wrapper started it.
func (p *Process) Dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, fmt.Errorf("connect to the plugin: %w", err)
	}
	if err := checkPeer(conn, p.PID()); err != nil {
		return nil, closeAfter(conn, err)
	}
	return conn, nil
}

func checkPeer(conn net.Conn, group int) error {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("%T is no unix socket", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("who listens on the socket: %w", err)
	}
	var peer *unix.Ucred
	var asked error
	if err := raw.Control(func(fd uintptr) {
		peer, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return fmt.Errorf("who listens on the socket: %w", err)
	}
	if asked != nil {
		return fmt.Errorf("who listens on the socket: %w", asked)
	}
	if int(peer.Uid) == os.Geteuid() && inGroup(int(peer.Pid), group) {
		return nil
	}
	return &PeerError{PID: int(peer.Pid), UID: int(peer.Uid), Want: group}
}

func inGroup(pid, group int) bool {
	if pid == group {
		return true
	}
	if pid <= 0 { // hidden by another pid namespace
		return false
	}
	of, err := unix.Getpgid(pid)
	return err == nil && of == group
}

// closeAfter closes what a failed step has opened and keeps the step's error.
func closeAfter(conn net.Conn, err error) error {
	if closing := conn.Close(); closing != nil {
		return fmt.Errorf("%w (and closing: %w)", err, closing)
	}
	return err
}
