package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/store/postgres"
	"github.com/headrace/headrace/core/store/sqlite"
)

func serverCommand() *cli.Command {
	return &cli.Command{
		Name: "server", Usage: "runs a node",
		Description: `The configuration must have a storage and a redis block. The schema of the storage
must be the one of this program: "headrace migrate up" brings it there. Keys for
the API are made by "headrace key create".

SIGINT and SIGTERM drain: nothing new comes in, what runs ends or is given back,
and it ends with 0 within server { shutdown_grace }. A second signal ends it at
once, with 130 or 143.`,
		Flags:  append([]cli.Flag{configFlag(true), varFlag()}, logFlags()...),
		Action: server,
	}
}

func server(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	log, err := newLogger(cmd, hclog.Info)
	if err != nil {
		return err
	}
	programs, err := newCatalog()
	if err != nil {
		return err
	}
	opts, err := loadOptions(cmd, programs)
	if err != nil {
		return err
	}
	opts.Complete = true
	path := cmd.String("config")
	cfg, diags := config.Load(path, opts)
	if err := diags.Err(); err != nil {
		return err
	}
	n := node{cfg: cfg, programs: programs, log: log, announce: func(addr net.Addr) error {
		log.Info("ready", "address", baseURL(addr), "version", version())
		return nil
	}}
	return explainSchema(n.run(ctx), path)
}

// explainSchema says, when the schema is too old, which command brings it up to
// date; in place of the error, which names the command without its flags.
func explainSchema(err error, path string) error {
	have, want := schemaVersions(err)
	if have >= want {
		return err
	}
	return fmt.Errorf("the schema of the storage is at version %d, this program needs %d; run\n  headrace migrate up -config %s",
		have, want, shellWord(path))
}

// schemaVersions are those of an error about the schema, 0 for any other error.
func schemaVersions(err error) (have, want int64) {
	if e, ok := errors.AsType[*postgres.SchemaError](err); ok {
		return e.Have, e.Want
	}
	if e, ok := errors.AsType[*sqlite.SchemaError](err); ok {
		return e.Have, e.Want
	}
	return 0, 0
}
