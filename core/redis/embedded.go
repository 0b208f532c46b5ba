package redis

import (
	"crypto/rand"
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// Embedded is a Redis inside this process, for one node alone. It keeps
// nothing over a restart, which the engine does not need either.
type Embedded struct {
	server   *miniredis.Miniredis
	password string
}

// StartEmbedded starts one on a free loopback port, with a password that only
// this process knows.
func StartEmbedded() (*Embedded, error) {
	password := rand.Text()
	server := miniredis.NewMiniRedis()
	server.RequireAuth(password)
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the embedded redis: %w", err)
	}
	return &Embedded{server: server, password: password}, nil
}

// URL to connect to it.
func (e *Embedded) URL() string {
	return "redis://:" + e.password + "@" + e.server.Addr()
}

// Close stops it.
func (e *Embedded) Close() { e.server.Close() }
