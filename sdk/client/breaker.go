package client

import (
	"context"

	"github.com/headrace/headrace/sdk/client/rest"
)

// Breakers lists the circuit breakers by name.
func (c *Client) Breakers(ctx context.Context) ([]Breaker, error) {
	answer, err := read[rest.BreakerList](c.rest.ListBreakers(ctx)) //nolint:bodyclose // read closes it
	return answer.Breakers, err
}

// ResetBreaker closes a circuit breaker and lets it forget what it has counted.
func (c *Client) ResetBreaker(ctx context.Context, name string) (Breaker, error) {
	return read[Breaker](c.rest.ResetBreaker(ctx, name)) //nolint:bodyclose // read closes it
}
