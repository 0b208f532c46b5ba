package client

import (
	"context"

	"github.com/headrace/headrace/sdk/client/rest"
)

// Node is one start of one engine.
type Node = rest.Node

// Nodes lists the engines that live, hold tasks, or went in the last day, newest
// first.
func (c *Client) Nodes(ctx context.Context) ([]Node, error) {
	answer, err := read[rest.NodeList](c.rest.ListNodes(ctx)) //nolint:bodyclose // read closes it
	return answer.Nodes, err
}
