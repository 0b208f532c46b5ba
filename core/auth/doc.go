// Package auth knows who asks and what they may do: API keys, roles, and the
// permission that each operation needs. It never answers a request itself.
//
// A key is text that is shown once; the store keeps the SHA-256 of its secret.
// A verdict about a credential is remembered for at most MaxRemember, so a
// revocation takes effect within five seconds on every node.
//
// Refusals leave events, but at a bounded rate: under attack the audit log says
// how many were left out instead of filling up.
package auth
