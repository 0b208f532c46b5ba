// Package audit writes the events that speak of no stored row: what happened to
// a plugin process, a breaker, a request. Events about a row are written by the
// store in the transaction that changes the row, and never come by here.
package audit
