// Package httptask is the built-in plugin with the task type http.request: one
// HTTP request as a task.
//
// A submitter chooses the URL, so every connection passes the address guard of
// sdk/netguard, redirects included; times and sizes are limited. The request
// carries the task's id as Idempotency-Key unless the payload sets one, since a
// task may be tried more than once.
//
// The status of the answer decides the outcome: 5xx is service_unavailable, 429
// rate_limit_exceeded, another 4xx task_execution_failed for good; Retry-After is
// obeyed.
package httptask
