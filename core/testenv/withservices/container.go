package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	// engineTimeout is how long an engine has to answer; a client without an engine may hang.
	engineTimeout = 10 * time.Second
	// pullTimeout bounds the start of a container with the download of its image.
	pullTimeout = 10 * time.Minute
)

// images are the official ones in the versions that the project supports at least.
var images = map[string]struct{ image, port string }{
	redisName:    {image: "docker.io/library/redis:7", port: "6379/tcp"},
	postgresName: {image: "docker.io/library/postgres:15", port: "5432/tcp"},
}

// container is a server that an engine runs.
type container struct {
	engine, name, address string
}

// findEngine returns the client of the first container engine that answers. A client alone, without
// an engine behind it, is of no use.
func findEngine(ctx context.Context) (string, error) {
	var reasons []string
	for _, client := range []string{"docker", "podman"} {
		ctx, cancel := context.WithTimeout(ctx, engineTimeout)
		_, err := engineOutput(ctx, client, "info", "--format", "{{.ID}}{{.Version}}")
		cancel()
		if err == nil {
			return client, nil
		}
		reasons = append(reasons, err.Error())
	}
	return "", fmt.Errorf("no container engine answers: %s", strings.Join(reasons, "; "))
}

// containerSource returns a source that runs the server in the engine.
func containerSource(engine, name string) source {
	return func(ctx context.Context, run *run) (server, error) {
		return startContainer(ctx, run, engine, name)
	}
}

// startContainer runs the server with its port on loopback and waits until it answers.
func startContainer(ctx context.Context, run *run, engine, name string) (server, error) {
	c := &container{engine: engine, name: "headrace-" + name + "-" + strings.ToLower(rand.Text())}
	if err := run.addContainer(engine, c.name); err != nil {
		return nil, err
	}
	if err := c.bringUp(ctx, name); err != nil {
		return nil, errors.Join(err, c.stop()) //nolint:contextcheck // ctx may be what ended the start
	}
	return c, nil
}

// bringUp runs the container, learns its port and waits until the server answers.
func (c *container) bringUp(ctx context.Context, name string) error {
	password := newPassword()
	if err := c.run(ctx, name, password); err != nil {
		return err
	}
	published, err := engineOutput(ctx, c.engine, "port", c.name, images[name].port)
	if err != nil {
		return err
	}
	host := firstLine(published) // further lines are other addresses of the same port
	ping := pingRedis
	c.address = fmt.Sprintf("redis://:%s@%s/0", password, host)
	if name == postgresName {
		ping = pingPostgres
		c.address = fmt.Sprintf("postgres://%s:%s@%s/postgres?sslmode=disable", postgresUser, password, host)
	}
	return awaitPing(ctx, func(ctx context.Context) error { return ping(ctx, c.address) })
}

// run starts the container in the background.
func (c *container) run(ctx context.Context, name, password string) error {
	args := []string{"run", "--detach", "--rm", "--name", c.name, "--publish", "127.0.0.1::" + images[name].port}
	if name == postgresName {
		args = append(args, "--env", "POSTGRES_PASSWORD="+password, images[name].image,
			"-c", fmt.Sprintf("max_connections=%d", maxConnections), "-c", "jit=off")
	} else {
		args = append(args, images[name].image, "redis-server", "--requirepass", password, "--save", "")
	}
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	_, err := engineOutput(ctx, c.engine, args...)
	return err
}

func (c *container) url() string { return c.address }

// stop removes the container with its data.
func (c *container) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return removeContainer(ctx, c.engine, c.name)
}

// removeContainer ends and removes a container; one that has gone is no error.
func removeContainer(ctx context.Context, engine, name string) error {
	_, err := engineOutput(ctx, engine, "rm", "--force", "--volumes", name)
	var failed engineError
	if errors.As(err, &failed) && strings.Contains(strings.ToLower(failed.output), "no such container") {
		return nil
	}
	return err
}

// engineError is a call of the engine's client that failed.
type engineError struct {
	call   string
	output string // what the client wrote to standard error
	err    error
}

func (e engineError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %v: %s", e.call, e.err, strings.TrimSpace(e.output)), ": ")
}

func (e engineError) Unwrap() error { return e.err }

// engineOutput calls the client and returns its standard output.
func engineOutput(ctx context.Context, client string, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, client, args...)
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second // a client that was killed may leave its helpers with the pipe
	out, err := cmd.Output()
	if err != nil {
		return "", engineError{call: client + " " + args[0], output: stderr.String(), err: err}
	}
	return strings.TrimSpace(string(out)), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
