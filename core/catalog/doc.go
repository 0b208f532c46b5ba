// Package catalog finds the programs of plugins and asks them what is inside,
// without running them as servers: a plugin's binary prints its description
// when it is started with the one argument "describe" and an empty environment.
package catalog
