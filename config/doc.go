// Package config turns HCL files into a Config whose objects know where they
// stand in the files.
//
// It owns the language: blocks, attributes, defaults, variables, locals and
// functions, the diagnostics and what they show, the check of a plugin's
// config block against the plugin's own schema, and the formatting of files.
//
// The passes of Load:
//
//	parse all files (sorted) → variables → locals, by reference
//	  → server, storage, redis, limits, audit → plugin → task
//	  → schemas of the plugins → references between blocks
//
// Each pass reports all that it finds and goes on; a value that could not be
// computed is left out silently by the later ones, since its cause is
// reported already.
//
// Values that come from env, from file, from a sensitive variable or that stand
// in an attribute which its schema calls secret are never shown: not in a
// diagnostic, not in the source line below it, not in a dump of the Config.
//
// The package never imports core, never starts a plugin and never opens a
// connection. What a name of another package means (an event type, a channel)
// is checked by that package and reported with the places kept here; see
// Place and Config.Diagnose.
package config
