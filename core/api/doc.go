// Package api is the REST API: routes, requests, answers. The OpenAPI document
// in core/api/openapi is its source: routes and parameters are generated from
// it, and a request is held against it before a handler sees it.
//
// A request passes, in this order: request id and security headers; the limit of
// the address, or the credentials; the store (away: 503); the route; the
// permission; Accept; the query; the body's type; its handler. Nothing is looked
// at before the credentials are.
//
// The package decides nothing about tasks: it checks the form, asks intake or
// the store, and writes what they say. Errors leave as problem details, without
// internals; internal ones are logged once, with the request id.
package api
