// Package client submits and follows tasks over the REST API of Headrace.
//
//	c, err := client.New("http://127.0.0.1:8080", os.Getenv("HEADRACE_TOKEN"))
//	…
//	t, err := c.Submit(ctx, client.Submission{Type: "demo.echo", Payload: json.RawMessage(`{"hello":"world"}`)})
//	…
//	t, err = c.Wait(ctx, t.ID.String())
//
// An answer that is an error comes back as a *fault.Error with the code, the
// message and the details of its problem; a server that cannot be reached as one
// with the code network_error. The package retries nothing by itself: a
// submission may be repeated safely with an idempotency key.
//
// What lies below is generated from the OpenAPI document and is in package rest.
package client
