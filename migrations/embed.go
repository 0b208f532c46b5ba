// Package migrations holds the migrations of both stores, in goose's format. It
// only embeds them; the stores run them. Within a folder they go forward one
// after the other and are never edited once released.
package migrations

import "embed"

// Files has one folder a store: postgres and sqlite.
//
//go:embed postgres/*.sql sqlite/*.sql
var Files embed.FS
