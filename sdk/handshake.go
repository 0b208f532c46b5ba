package sdk

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	wire "github.com/headrace/headrace/sdk/proto"
)

// The environment variables of go-plugin's handshake.
const (
	// envVersions lists the contract versions that the engine speaks.
	envVersions = "PLUGIN_PROTOCOL_VERSIONS"
	// envSocketDir is the folder for the plugin's socket.
	envSocketDir = "PLUGIN_UNIX_SOCKET_DIR"
	// envClientCert is the engine's certificate when it wants mutual TLS.
	envClientCert = "PLUGIN_CLIENT_CERT"
)

// coreVersion is the version of the handshake itself, frozen in go-plugin.
const coreVersion = 1

// claimStdout keeps standard output for the handshake and points file descriptor
// 1 at standard error, so that what the program or its children print lands in
// the engine's log and cannot be taken for the handshake.
func claimStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(unix.Stdout), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("keep standard output: %w", err)
	}
	stdout := os.NewFile(uintptr(fd), "handshake")
	if err := unix.Dup2(unix.Stderr, unix.Stdout); err != nil {
		return nil, fmt.Errorf("redirect standard output: %w", err)
	}
	return stdout, nil
}

// listen opens a socket in dir that only this user may connect to.
func listen(dir string) (net.Listener, error) {
	folder, err := os.MkdirTemp(dir, "p")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the socket: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "unix", filepath.Join(folder, "s"))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &socket{Listener: listener, folder: folder}, nil
}

// socket removes its folder when it is closed.
type socket struct {
	net.Listener
	folder string
}

// Close closes the listener, which removes the socket, and its folder.
func (s *socket) Close() error {
	err := s.Listener.Close()
	if gone := os.RemoveAll(s.folder); err == nil {
		err = gone
	}
	return err
}

// shakeHands prints the one line that go-plugin reads.
func shakeHands(stdout *os.File, address, certificate string) error {
	line := strings.Join([]string{
		fmt.Sprint(coreVersion), fmt.Sprint(wire.Version), "unix", address, "grpc", certificate,
	}, "|")
	if _, err := stdout.WriteString(line + "\n"); err != nil {
		return fmt.Errorf("shake hands: %w", err)
	}
	return nil
}
