package auth

import (
	"time"

	"github.com/google/uuid"
)

// Key is a stored API key. The secret itself is not in it, only its hash.
type Key struct {
	// ID is a UUIDv7 and part of the text of the key.
	ID   uuid.UUID
	Name string
	Role Role
	// Hash is the SHA-256 of the secret part. The secret has 256 random bits,
	// so a slow hash would protect nothing.
	Hash []byte
	// CreatedBy is the principal that made the key.
	CreatedBy string
	Created   time.Time
	// Expires is zero for a key without an end.
	Expires time.Time
	// Revoked is zero while the key is good.
	Revoked time.Time
}
