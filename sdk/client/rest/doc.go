// Package rest is the client that is generated from the OpenAPI document: every
// operation, nothing added. Package client is the friendly one.
package rest

//go:generate go tool -modfile=../../../.tools/gen.mod oapi-codegen -config client.yaml ../../../core/api/openapi/openapi.yaml
