package auth

import (
	"github.com/headrace/headrace/core/event"
)

// keyMetadata is what the events about a key carry. The secret and its hash
// never leave the store.
type keyMetadata struct {
	// ResourceID is the id of the key.
	ResourceID string `json:"resourceId"`
	Name       string `json:"name,omitempty"`
	Role       string `json:"role,omitempty"`
	// UserID is who did it.
	UserID string `json:"userId,omitempty"`
}

// CreatedEvent records that the key was made.
func (k *Key) CreatedEvent() event.Event {
	return event.New(event.SecurityKeyCreated, "API key created", keyMetadata{
		ResourceID: k.ID.String(), Name: k.Name, Role: string(k.Role), UserID: k.CreatedBy,
	})
}

// RevokedEvent records that a principal revoked the key.
func (k *Key) RevokedEvent(by string) event.Event {
	return event.New(event.SecurityKeyRevoked, "API key revoked", keyMetadata{
		ResourceID: k.ID.String(), Name: k.Name, Role: string(k.Role), UserID: by,
	})
}
