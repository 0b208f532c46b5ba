// Command bench compares Headrace with asynq and River on this machine.
//
// It runs the same work on each system in turn, round after round, and prints medians and ratios:
// figures of one machine say little, ratios of one run say something, and below 1.3 the noise of the
// machine is larger than the difference. Every system does what it does as shipped, and once more at
// its best known setting. Raw data is kept as JSON lines together with what it was measured on.
//
// It needs a Redis and a PostgreSQL that it may use (two environment variables; `make bench` starts
// private ones), bin/headrace, and Linux, whose /proc says how much CPU each process has used. It
// makes databases of its own and drops them, and uses one number of Redis that must be empty.
//
// It never decides whether figures are good enough: that is for whoever reads them.
package main
