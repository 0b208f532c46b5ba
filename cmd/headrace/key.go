package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v3"

	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/auth"
)

// commandLine is who makes and revokes keys here, as events and created_by show it.
const commandLine = "cli"

func keyCommand() *cli.Command {
	return group("key", "works with API keys in the storage", `These commands open the storage itself, so they work before the first node runs. A
SQLite storage belongs to one process at a time: stop the node that has it open.`,
		keyCreateCommand(), keyListCommand(), keyRevokeCommand())
}

func keyCreateCommand() *cli.Command {
	return &cli.Command{
		Name: "create", Usage: "makes a key and prints it, this once",
		Description: `The storage keeps a hash only, so a key that is lost has to be replaced. Roles:
viewer reads everything but users and keys; submitter submits, lists and cancels
its own tasks; operator does all but change users and programs; admin does all.`,
		Flags: []cli.Flag{
			configFlag(true), varFlag(),
			&cli.StringFlag{Name: "role", Required: true, Usage: "`ROLE`: viewer, submitter, operator or admin"},
			&cli.StringFlag{Name: "name", Required: true, Usage: "`NAME` by which people know it"},
			&cli.DurationFlag{Name: "expires-in", DefaultText: "it does not end", Usage: "it ends after `TIME`, such as 720h"},
			outputFlag(),
		},
		Action: createKey,
	}
}

func createKey(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	role, err := auth.ParseRole(cmd.String("role"))
	if err != nil {
		return usageErrorf(cmd, "-role: %s", err)
	}
	spec := auth.KeySpec{Name: cmd.String("name"), Role: role, CreatedBy: commandLine}
	if cmd.IsSet("expires-in") {
		spec.Expires = time.Now().Add(cmd.Duration("expires-in"))
	}
	key, text, err := auth.MintKey(spec)
	if err != nil {
		return usageErrorf(cmd, "%s", err)
	}
	if err := withStore(ctx, cmd, func(store app.Store) error {
		return store.CreateKey(ctx, key, key.CreatedEvent())
	}); err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, struct {
			ID  uuid.UUID `json:"id"`
			Key string    `json:"key"`
		}{key.ID, text})
	}
	return printf(cmd, "id   %s\nkey  %s\n\nIt is shown this once. To use it:\n\n  export %s=%s\n", key.ID, text, envToken, text)
}

func keyListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "lists the keys, without their secrets",
		Flags: []cli.Flag{configFlag(true), varFlag(), outputFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			var keys []auth.Key
			err := withStore(ctx, cmd, func(store app.Store) (err error) {
				keys, err = store.Keys(ctx)
				return err
			})
			if err != nil {
				return err
			}
			return printKeys(cmd, keys)
		},
	}
}

// keyJSON is a key in the JSON form; times that are not set are absent.
type keyJSON struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Role      auth.Role `json:"role"`
	CreatedBy string    `json:"created_by,omitempty"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"`
	Revoked   time.Time `json:"revoked,omitzero"`
}

func printKeys(cmd *cli.Command, keys []auth.Key) error {
	if wantsJSON(cmd) {
		list := make([]keyJSON, len(keys))
		for i, k := range keys {
			list[i] = keyJSON{
				ID: k.ID, Name: k.Name, Role: k.Role, CreatedBy: k.CreatedBy,
				Created: k.Created, Expires: k.Expires, Revoked: k.Revoked,
			}
		}
		return printJSON(cmd, map[string]any{"keys": list})
	}
	rows := [][]string{{"ID", "NAME", "ROLE", "CREATED", "EXPIRES", "REVOKED"}}
	for _, k := range keys {
		rows = append(rows, []string{
			k.ID.String(), k.Name, string(k.Role), timeText(k.Created), timeText(k.Expires), timeText(k.Revoked),
		})
	}
	return printTable(cmd, rows)
}

func keyRevokeCommand() *cli.Command {
	return &cli.Command{
		Name: "revoke", Usage: "ends a key", ArgsUsage: "ID",
		Description: "Running nodes refuse the key within five seconds.",
		Flags:       []cli.Flag{configFlag(true), varFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			args, err := arguments(cmd, "ID")
			if err != nil {
				return err
			}
			id, err := uuid.Parse(args[0])
			if err != nil {
				return usageErrorf(cmd, "%q is not the id of a key", args[0])
			}
			return withStore(ctx, cmd, func(store app.Store) error { return revokeKey(ctx, cmd, store, id) })
		},
	}
}

func revokeKey(ctx context.Context, cmd *cli.Command, store app.Store, id uuid.UUID) error {
	key, found, err := store.Key(ctx, id)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("there is no key %s", id)
	}
	if !key.Revoked.IsZero() {
		return printf(cmd, "key %s was revoked before, at %s\n", id, timeText(key.Revoked))
	}
	if _, err := store.RevokeKey(ctx, id, key.RevokedEvent(commandLine)); err != nil {
		return err
	}
	return printf(cmd, "key %s is revoked\n", id)
}

// withStore opens the storage of -config for one piece of work.
func withStore(ctx context.Context, cmd *cli.Command, work func(app.Store) error) error {
	cfg, err := loadStorage(cmd)
	if err != nil {
		return err
	}
	log := loggerTo(cmd.Root().ErrWriter, hclog.Warn, false)
	store, err := app.OpenStore(ctx, cfg.Storage, cfg.Server.Lease, log)
	if err != nil {
		return explainSchema(err, cmd.String("config"))
	}
	defer store.Close()
	return work(store)
}
