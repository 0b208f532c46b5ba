// Package redis is the way to Redis: the client, the names of all keys, and
// the wake-up channel. It knows no task and no script.
//
// Nothing in Redis is a truth: whatever is lost there is made again from the
// store.
package redis
