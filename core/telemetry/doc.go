// Package telemetry holds the metrics that belong to no part of the engine in
// particular: those of the process and its machine, and rates per minute.
package telemetry
